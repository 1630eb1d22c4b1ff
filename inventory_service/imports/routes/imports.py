# SPDX-License-Identifier: Apache-2.0
"""The route that plans and records imports."""

from dataclasses import asdict
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.core.actors import Scope
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.http.auth import SECURITY, require_scope
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import transactional
from inventory_service.http.responses import json_response
from inventory_service.imports.domain.nodes_plan import NodesPlan
from inventory_service.imports.domain.projects_plan import ImportRequest, Plan
from inventory_service.imports.routes.schemas import ImportOut
from inventory_service.imports.usecases import files

routes = APIBlueprint(
    "imports",
    __name__,
    url_prefix="/api/v1/imports",
    abp_tags=[Tag(name="imports")],
    abp_security=SECURITY,
)


@routes.post("", summary="Plan or apply a file", responses={200: ImportOut, 201: ImportOut})
@require_scope(Scope.OPERATOR)
@transactional
def import_file(session: Session, body: ImportRequest) -> Response:
    """Check the whole file and show the plan; with `apply`, record it, all or nothing."""
    allocator = get_component(AddressAllocator)
    plan = files.import_file(session, get_actor(), body, allocator=allocator)
    return _show(plan, applied=body.apply)


def _show(plan: Plan | NodesPlan, *, applied: bool) -> Response:
    shown = {"plan": asdict(plan) | {"digest": plan.digest}, "applied": applied}
    return json_response(shown, HTTPStatus.CREATED if applied else HTTPStatus.OK)
