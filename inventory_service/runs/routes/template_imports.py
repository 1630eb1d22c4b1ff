# SPDX-License-Identifier: Apache-2.0
"""The route that plans and records an import of templates."""

from dataclasses import asdict
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import answered_once, transactional
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import planning
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.template_plans import TemplateImport, TemplatesPlan
from inventory_service.runs.routes.schemas import TemplateImportOut
from inventory_service.runs.usecases.template_imports import import_templates

routes = APIBlueprint(
    "template_imports",
    __name__,
    url_prefix="/api/v1/templates/import",
    abp_tags=[Tag(name="templates")],
    abp_security=SECURITY,
)


@routes.post(
    "",
    summary="Plan or apply an import of templates",
    responses={200: TemplateImportOut, 201: TemplateImportOut},
)
@require_role(Role.ADMIN)
@raises(Conflict)
@answered_once
def import_all(body: TemplateImport) -> Response:
    """Each template is all of it: what it leaves out gets its default. All of them, or nothing.

    Without `apply` the answer is the plan, which is tried and undone.
    """
    return (_apply if body.apply else _plan)(body=body)


def _plan(body: TemplateImport) -> Response:
    with planning() as session:
        return _show(_import(session, body), applied=False)


@transactional
def _apply(session: Session, body: TemplateImport) -> Response:
    return _show(_import(session, body), applied=True)


def _import(session: Session, body: TemplateImport) -> TemplatesPlan:
    return import_templates(session, get_actor(), body, sources=get_component(RunSources))


def _show(plan: TemplatesPlan, *, applied: bool) -> Response:
    shown = {"plan": asdict(plan) | {"digest": plan.digest}, "applied": applied}
    return json_response(shown, HTTPStatus.CREATED if applied else HTTPStatus.OK)
