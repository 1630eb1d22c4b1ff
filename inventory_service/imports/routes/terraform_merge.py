# SPDX-License-Identifier: Apache-2.0
"""The route that merges the inventory with a Terraform file, for one answer."""

from flask import Response
from flask_openapi3 import APIBlueprint

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict
from inventory_service.fleet.routes.filters import FilterQuery, to_filters
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading
from inventory_service.imports.domain.terraform_merge import MergeRequest
from inventory_service.imports.usecases.terraform_merge import merge_terraform
from inventory_service.inventory.routes.inventory import ANY_OBJECT, TAG

routes = APIBlueprint(
    "terraform_merge",
    __name__,
    url_prefix="/api/v1/inventory",
    abp_tags=[TAG],
    abp_security=SECURITY,
)


@routes.post("", summary="The inventory merged with a Terraform file", responses={200: ANY_OBJECT})
@require_role(Role.VIEWER, anonymous=True)
@raises(Conflict)
def merge_inventory(query: FilterQuery, body: MergeRequest) -> Response:
    """The form 'columns', and what of the file is not used; nothing is recorded."""
    with reading() as session:
        return json_response(merge_terraform(session, body.terraform, to_filters(query)))
