# SPDX-License-Identifier: Apache-2.0
"""Routes of templates, which `make_routes` in ``catalog.py`` builds from the resource below.

GET   /api/v1/templates                        list
POST  /api/v1/templates                        register
GET   /api/v1/templates/<template>             show
PATCH /api/v1/templates/<template>             change
POST  /api/v1/templates/<template>/retirement  retire
"""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Role
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_component
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.templates import TemplateChange, TemplateRegistration
from inventory_service.runs.models.templates import Template
from inventory_service.runs.routes.schemas import PlaybooksOut, TemplateOut
from inventory_service.runs.usecases.templates import change_template, register_template


def _register(session: Session, actor: Actor, wanted: TemplateRegistration) -> Template:
    return register_template(session, actor, wanted, sources=get_component(RunSources))


RESOURCE = ResourceSpec(
    kind=Template,
    path="/api/v1/templates",
    registration=TemplateRegistration,
    change=TemplateChange,
    view=TemplateOut,
    sortable=("template", "playbook", "created_at", "retired_at"),
    register=_register,
    update=change_template,
    role=Role.ADMIN,
    end="No run of it can be ordered any more; those that were ordered stay.",
)
routes = make_routes(RESOURCE)
playbook_routes = APIBlueprint(
    "playbooks",
    __name__,
    url_prefix="/api/v1/playbooks",
    abp_tags=[Tag(name="templates")],
    abp_security=SECURITY,
)


@playbook_routes.get("", summary="List playbooks", responses={200: PlaybooksOut})
@require_role(Role.VIEWER)
def list_playbooks() -> Response:
    """The playbooks that runs may start: those of the folder that QM_PLAYBOOKS_DIR names."""
    with reading():
        return json_response({"items": sorted(get_component(RunSources).list_playbooks())})
