# SPDX-License-Identifier: Apache-2.0
"""Routes of the inventory: bytes from memory, with a strong validator."""

from typing import Any, Literal

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.core.actors import Role
from inventory_service.fleet.routes.filters import FilterQuery, to_filters
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_component
from inventory_service.http.transactions import reading
from inventory_service.inventory.documents import Document
from inventory_service.inventory.usecases.documents import InventoryDocuments

TAG = Tag(name="inventory")
routes = APIBlueprint(
    "inventory",
    __name__,
    url_prefix="/api/v1/inventory",
    abp_tags=[TAG],
    abp_security=SECURITY,
)
first_routes = APIBlueprint(
    "first_inventory",
    __name__,
    url_prefix="/api/inventory",
    abp_tags=[TAG],
    abp_security=SECURITY,
)
#: An inventory may be any JSON object: groups are named after the fleet.
ANY_OBJECT: dict[str, Any] = {
    "description": "The document",
    "content": {"application/json": {"schema": {"type": "object"}}},
}


class InventoryQuery(FilterQuery):
    """Filters and format of the inventory."""

    format: Literal["ansible", "columns"] = Field(
        default="ansible",
        description="'ansible' is what an inventory script prints; 'columns' is smaller and faster",
    )


@routes.get("", summary="The inventory for Ansible", responses={200: ANY_OBJECT})
@require_role(Role.VIEWER, anonymous=True)
def get_inventory(query: InventoryQuery) -> Response:
    """Groups by type, cluster, region, environment, project, state; host variables in `_meta`.

    No inventory contains retired nodes.
    """
    with reading() as session:
        return _answer(
            get_component(InventoryDocuments).get(session, query.format, to_filters(query))
        )


@first_routes.get("", summary="The inventory as a list of nodes", responses={200: ANY_OBJECT})
@require_role(Role.VIEWER, anonymous=True)
def get_first_inventory() -> Response:
    """The format that the first inventory script reads; keys may be added, never removed."""
    with reading() as session:
        return _answer(get_component(InventoryDocuments).get(session, "first", {}))


def _answer(document: Document) -> Response:
    is_zipped = request.accept_encodings.quality("gzip") > 0
    # Two encodings are two representations, so each needs a strong validator of its own.
    etag = f"{document.etag}-gzip" if is_zipped else document.etag
    response = Response(mimetype="application/json")
    response.set_etag(etag)
    response.headers["Vary"] = "Accept-Encoding, Authorization"
    response.headers["Cache-Control"] = "private, no-cache"
    if request.if_none_match.contains(etag):
        response.status_code = 304
        return response
    if is_zipped:
        response.headers["Content-Encoding"] = "gzip"
        response.set_data(document.gzip)
    else:
        response.response = document.read()
        response.content_length = document.length
    return response
