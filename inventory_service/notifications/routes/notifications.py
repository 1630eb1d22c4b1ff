# SPDX-License-Identifier: Apache-2.0
"""Routes of notifications, which `make_routes` of the catalog builds from the resource below.

GET   /api/v1/notifications                            list
POST  /api/v1/notifications                            register
GET   /api/v1/notifications/<notification>             show
PATCH /api/v1/notifications/<notification>             change
POST  /api/v1/notifications/<notification>/retirement  retire
"""

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Role
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.http.dependencies import get_component, get_dependencies
from inventory_service.notifications.domain.destinations import parse_destination
from inventory_service.notifications.domain.notifications import (
    NotificationChange,
    NotificationKind,
    NotificationRegistration,
)
from inventory_service.notifications.models.notifications import Notification
from inventory_service.notifications.routes.schemas import NotificationOut
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.usecases.notifications import (
    change_notification,
    register_notification,
)


def _check(wanted: NotificationChange) -> None:
    """Check that messages could be sent: the host is looked up, which can take seconds."""
    if wanted.webhook_url is not None:
        destination = parse_destination(wanted.webhook_url.get_secret_value())
        get_component(Addresses).find(destination)
    kind = getattr(wanted, "kind", None)
    settings = get_dependencies().settings
    if kind is NotificationKind.MAIL and not (settings.smtp_url and settings.smtp_from):
        raise BadInput(
            "There is no mail server: QM_SMTP_URL or QM_SMTP_FROM is not set.",
            field_errors=[
                FieldError("kind", "needs QM_SMTP_URL and QM_SMTP_FROM, of the workers too")
            ],
        )


def _register(session: Session, actor: Actor, wanted: NotificationRegistration) -> Notification:
    return register_notification(session, actor, wanted, vault=get_component(Vault))


def _change(
    session: Session, actor: Actor, name: str, change: NotificationChange, *, expected: Expected
) -> Notification:
    vault = get_component(Vault)
    return change_notification(session, actor, name, change, vault=vault, expected=expected)


RESOURCE = ResourceSpec(
    kind=Notification,
    path="/api/v1/notifications",
    registration=NotificationRegistration,
    change=NotificationChange,
    view=NotificationOut,
    sortable=("notification", "kind", "created_at", "retired_at"),
    register=_register,
    update=_change,
    check=_check,
    role=Role.ADMIN,
    end="Nothing is sent any more; what waits is given up.",
)
routes = make_routes(RESOURCE)
