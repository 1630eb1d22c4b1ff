# SPDX-License-Identifier: Apache-2.0
"""The route that summarises the fleet."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from inventory_service.core.actors import Role
from inventory_service.fleet.queries import get_status
from inventory_service.fleet.routes.schemas import StatusOut
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.openapi import get_version
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "status",
    __name__,
    url_prefix="/api/v1/status",
    abp_tags=[Tag(name="status")],
    abp_security=SECURITY,
)


@routes.get("", summary="The fleet at a glance", responses={200: StatusOut})
@require_role(Role.VIEWER)
def show_status() -> Response:
    """The revision, how many nodes are in each state, and how many wait for a new size."""
    with reading() as session:
        return json_response(get_status(session) | {"version": get_version()})
