# SPDX-License-Identifier: Apache-2.0
"""The route that gives ports."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import NotFound
from inventory_service.fleet.domain.ports import PortRequest
from inventory_service.fleet.routes.schemas import PortOut
from inventory_service.fleet.usecases.ports import give_port
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor
from inventory_service.http.idempotency import transactional
from inventory_service.http.problems import raises
from inventory_service.http.responses import resource_response

routes = APIBlueprint(
    "ports",
    __name__,
    url_prefix="/api/v1/ports",
    abp_tags=[Tag(name="ports")],
    abp_security=SECURITY,
)


@routes.post("", summary="Give a port", responses={200: PortOut, 201: PortOut})
@require_role(Role.OPERATOR)
@raises(NotFound)
@transactional
def give(session: Session, body: PortRequest) -> Response:
    """The same project, environment, base and range get the same port, each time."""
    port, is_new = give_port(session, get_actor(), body)
    return resource_response(port, HTTPStatus.CREATED if is_new else HTTPStatus.OK)
