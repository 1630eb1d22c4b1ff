# SPDX-License-Identifier: Apache-2.0
"""Routes of deliveries: where other programs send their requests, and the list of those."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.core.actors import Role
from inventory_service.core.errors import (
    NotFound,
)
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.transactions import reading
from inventory_service.webhooks.domain.webhooks import DeliveryOutcome
from inventory_service.webhooks.models.deliveries import WebhookDelivery
from inventory_service.webhooks.routes.schemas import WebhookDeliveryOut
from inventory_service.webhooks.routes.webhooks import WebhookPath
from inventory_service.webhooks.usecases import deliveries as acts

routes = APIBlueprint(
    "webhook_deliveries",
    __name__,
    url_prefix="/api/v1/webhooks",
    abp_tags=[Tag(name="webhooks")],
    abp_security=SECURITY,
)
LISTING = ListSpec(
    WebhookDelivery,
    WebhookDeliveryOut,
    tiebreakers=("id",),
    sortable=("id", "received_at", "outcome"),
    sort="-id",
)


class WebhookDeliveryQuery(ListQuery):
    """Filter, page, sort order and fields of a list of deliveries."""

    outcome: list[DeliveryOutcome] = Field(default_factory=list, max_length=len(DeliveryOutcome))
    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


@routes.get(
    "/<webhook>/deliveries",
    summary="List the requests to a webhook",
    responses={200: page_of(WebhookDeliveryOut)},
)
@require_role(Role.VIEWER)
@raises(NotFound)
def list_deliveries(path: WebhookPath, query: WebhookDeliveryQuery) -> Response:
    """Those whose signature fits, of the last 30 days, the newest first unless `sort` is set."""
    with reading() as session:
        outcomes = [one.value for one in query.outcome]
        found = acts.list_deliveries(session, path.webhook, outcomes, LISTING.read(query))
        return LISTING.answer(query, found, lambda delivery: delivery.as_dict())
