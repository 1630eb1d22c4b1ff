# SPDX-License-Identifier: Apache-2.0
"""Routes of deliveries: list the messages of a notification, send one once more, send a test."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor
from inventory_service.http.idempotency import transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import resource_response
from inventory_service.http.transactions import reading
from inventory_service.notifications.domain.deliveries import DeliveryState
from inventory_service.notifications.domain.notifications import DeliveryRequest
from inventory_service.notifications.models.deliveries import Delivery
from inventory_service.notifications.routes.schemas import DeliveryOut
from inventory_service.notifications.usecases import deliveries as acts

routes = APIBlueprint(
    "deliveries",
    __name__,
    url_prefix="/api/v1/notifications",
    abp_tags=[Tag(name="notifications")],
    abp_security=SECURITY,
)
LISTING = ListSpec(
    Delivery,
    DeliveryOut,
    tiebreakers=("id",),
    sortable=("id", "state", "due_at", "created_at"),
    sort="-id",
)


class NotificationPath(BaseModel):
    """Which notification."""

    notification: str = Field(max_length=255)


class DeliveryPath(NotificationPath):
    """Which of its deliveries."""

    delivery_id: int = Field(ge=1, lt=2**31)


class DeliveryQuery(ListQuery):
    """Filter, page, sort order and fields of a list of deliveries."""

    state: list[DeliveryState] = Field(default_factory=list, max_length=len(DeliveryState))
    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


@routes.get(
    "/<notification>/deliveries", summary="List deliveries", responses={200: page_of(DeliveryOut)}
)
@require_role(Role.VIEWER)
@raises(NotFound)
def list_deliveries(path: NotificationPath, query: DeliveryQuery) -> Response:
    """The messages of a notification, the newest first unless `sort` is set."""
    with reading() as session:
        filters = query.model_dump(mode="json", include={"state"})
        page = LISTING.read(query)
        found = acts.list_deliveries(session, path.notification, filters, page)
        return LISTING.answer(query, found, lambda delivery: delivery.as_dict())


@routes.post(
    "/<notification>/deliveries/<delivery_id>/redelivery",
    summary="Send a message once more",
    responses={201: DeliveryOut},
)
@require_role(Role.OPERATOR)
@raises(NotFound, Conflict)
@transactional
def redeliver(session: Session, path: DeliveryPath, body: DeliveryRequest) -> Response:
    """A worker sends the message again, with the same delivery id, as if it were new."""
    delivery = acts.redeliver(
        session, get_actor(), path.notification, path.delivery_id, body.reason
    )
    return resource_response(delivery, HTTPStatus.CREATED)


@routes.post("/<notification>/test", summary="Send a test", responses={201: DeliveryOut})
@require_role(Role.OPERATOR)
@raises(NotFound, Conflict)
@transactional
def request_test(session: Session, path: NotificationPath, body: DeliveryRequest) -> Response:
    """A worker sends a message that is about no run; its delivery shows whether it arrived."""
    delivery = acts.request_test(session, get_actor(), path.notification, body.reason)
    return resource_response(delivery, HTTPStatus.CREATED)
