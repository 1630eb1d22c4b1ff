# SPDX-License-Identifier: Apache-2.0
"""Routes of webhooks, most of which `make_routes` in ``fleet/routes/catalog.py`` builds.

GET   /api/v1/webhooks                       list
POST  /api/v1/webhooks                       register
GET   /api/v1/webhooks/<webhook>             show
PATCH /api/v1/webhooks/<webhook>             change, pause, resume
POST  /api/v1/webhooks/<webhook>/retirement  retire
POST  /api/v1/webhooks/<webhook>/secret      make a new secret
POST  /api/v1/webhooks/<webhook>/preview     what would become of a request
"""

from http import HTTPStatus

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Role
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.http.auth import require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading, writing
from inventory_service.runs.domain.sources import RunSources
from inventory_service.webhooks.domain.webhooks import (
    PreviewRequest,
    SecretRequest,
    WebhookChange,
    WebhookRegistration,
)
from inventory_service.webhooks.models.webhooks import Webhook
from inventory_service.webhooks.routes.schemas import NewSecretOut, PreviewOut, WebhookOut
from inventory_service.webhooks.usecases.deliveries import preview_request
from inventory_service.webhooks.usecases.webhooks import (
    change_webhook,
    make_webhook_secret,
    register_webhook,
)


def _register(session: Session, actor: Actor, wanted: WebhookRegistration) -> Webhook:
    return register_webhook(session, actor, wanted, sources=get_component(RunSources))


def _change(
    session: Session, actor: Actor, name: str, change: WebhookChange, *, expected: Expected
) -> Webhook:
    sources = get_component(RunSources)
    return change_webhook(session, actor, name, change, expected=expected, sources=sources)


RESOURCE = ResourceSpec(
    kind=Webhook,
    path="/api/v1/webhooks",
    registration=WebhookRegistration,
    change=WebhookChange,
    view=WebhookOut,
    sortable=("webhook", "template", "kind", "created_at", "retired_at"),
    register=_register,
    update=_change,
    role=Role.ADMIN,
    end="Its requests are answered as if there were no such webhook; the runs stay.",
)
routes = make_routes(RESOURCE)


class WebhookPath(BaseModel):
    """Which webhook."""

    webhook: str = Field(max_length=255)


@routes.post("/<webhook>/secret", summary="Make a new secret", responses={201: NewSecretOut})
@require_role(Role.ADMIN)
@raises(NotFound, Conflict)
def make_secret(path: WebhookPath, body: SecretRequest) -> Response:
    """The answer holds the secret, which is not shown again."""
    with writing() as session:
        vault = get_component(Vault)
        webhook, secret = make_webhook_secret(session, get_actor(), path.webhook, body, vault=vault)
        shown = webhook.as_dict() | {"secret": secret}
    response = json_response(shown, HTTPStatus.CREATED)
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.post("/<webhook>/preview", summary="Preview a request", responses={200: PreviewOut})
@require_role(Role.OPERATOR)
@raises(NotFound, Conflict, Forbidden, BadInput)
def preview(path: WebhookPath, body: PreviewRequest) -> Response:
    """What would become of a request with that body; nothing is ordered or recorded."""
    with reading() as session:
        sources = get_component(RunSources)
        return json_response(preview_request(session, path.webhook, body.body, sources=sources))
