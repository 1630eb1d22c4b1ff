# SPDX-License-Identifier: Apache-2.0
"""The route that plans and records imports."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import answered_once, transactional
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import planning, reading
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
@require_role(Role.OPERATOR)
@raises(Conflict)
@answered_once
def import_file(body: ImportRequest) -> Response:
    """Check the whole file and show the plan; with `apply`, record it, all or nothing."""
    file = files.read_file(body)
    return (_apply if body.apply else _plan)(file)


def _plan(file: files.ImportFile[Any]) -> Response:
    with planning() as session:
        planned = files.plan_import(session, file)
        return _show(_record(session, file, planned), applied=False)


def _apply(file: files.ImportFile[Any]) -> Response:
    # Planned before the lock is taken, so that it is held only to record.
    with reading() as session:
        planned = files.plan_import(session, file)
    return _apply_planned(file=file, planned=planned)


@transactional
def _apply_planned(
    session: Session, file: files.ImportFile[Any], planned: files.PlannedImport[Any]
) -> Response:
    return _show(_record(session, file, planned), applied=True)


def _record(
    session: Session, file: files.ImportFile[Any], planned: files.PlannedImport[Any]
) -> Plan | NodesPlan:
    allocator = get_component(AddressAllocator)
    plan: Plan | NodesPlan = files.apply_import(
        session, get_actor(), file, planned, allocator=allocator
    )
    return plan


def _show(plan: Plan | NodesPlan, *, applied: bool) -> Response:
    shown = {"plan": asdict(plan) | {"digest": plan.digest}, "applied": applied}
    return json_response(shown, HTTPStatus.CREATED if applied else HTTPStatus.OK)
