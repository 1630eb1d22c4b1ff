# SPDX-License-Identifier: Apache-2.0
"""The route that gives ports."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import answer_thing
from inventory_service.api.parts import get_actor
from inventory_service.api.views import PortView
from inventory_service.api.writing import writes
from inventory_service.domain.actors import Scope
from inventory_service.domain.ports import PortRequest
from inventory_service.usecases.ports import give_port

routes = APIBlueprint(
    "ports",
    __name__,
    url_prefix="/api/v1/ports",
    abp_tags=[Tag(name="ports")],
    abp_security=SECURITY,
)


@routes.post("", summary="Give a port", responses={200: PortView, 201: PortView})
@needs(Scope.OPERATOR)
@writes
def give(session: Session, body: PortRequest) -> Response:
    """The same project, environment, base and range get the same port, each time."""
    port, is_new = give_port(session, get_actor(), body)
    return answer_thing(port, HTTPStatus.CREATED if is_new else HTTPStatus.OK)
