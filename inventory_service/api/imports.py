# SPDX-License-Identifier: Apache-2.0
"""The route that plans and records imports."""

from dataclasses import asdict
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import answer
from inventory_service.api.import_views import ImportView
from inventory_service.api.parts import get_actor, get_parts
from inventory_service.api.writing import writes
from inventory_service.domain.actors import Scope
from inventory_service.domain.imports import ImportRequest, Plan
from inventory_service.domain.stated_plans import StatedPlan
from inventory_service.usecases.imports import apply_import, plan_import
from inventory_service.usecases.stated_nodes import apply_stated, plan_stated

routes = APIBlueprint(
    "imports",
    __name__,
    url_prefix="/api/v1/imports",
    abp_tags=[Tag(name="imports")],
    abp_security=SECURITY,
)


@routes.post("", summary="Plan or apply a file", responses={200: ImportView, 201: ImportView})
@needs(Scope.OPERATOR)
@writes
def import_file(session: Session, body: ImportRequest) -> Response:
    """Check the whole file and show the plan; with `apply`, record it, all or nothing."""
    is_projects = body.format == "csv"
    quarantine = get_parts().settings.address_quarantine
    if not body.apply:
        if is_projects:
            return _show(plan_import(session, body), applied=False)
        plan = plan_stated(session, get_actor(), body, quarantine=quarantine)
        return _show(plan, applied=False)
    apply = apply_import if is_projects else apply_stated
    return _show(apply(session, get_actor(), body, quarantine=quarantine), applied=True)


def _show(plan: Plan | StatedPlan, *, applied: bool) -> Response:
    shown = {"plan": asdict(plan) | {"digest": plan.digest}, "applied": applied}
    return answer(shown, HTTPStatus.CREATED if applied else HTTPStatus.OK)
