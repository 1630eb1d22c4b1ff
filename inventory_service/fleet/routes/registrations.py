# SPDX-License-Identifier: Apache-2.0
"""The route that registers many nodes in one request."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.ansible_keywords import warn_of_keywords
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import BulkRegistration, NodeRegistration
from inventory_service.fleet.routes.schemas import RegistrationsOut
from inventory_service.fleet.usecases.registrations import check_nodes, register_nodes
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import answered_once, transactional
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "registrations",
    __name__,
    url_prefix="/api/v1/registrations",
    abp_tags=[Tag(name="nodes")],
    abp_security=SECURITY,
)


@routes.post("", summary="Register many nodes", responses={201: RegistrationsOut})
@require_role(Role.OPERATOR)
@raises(Conflict)
@answered_once
def register(body: BulkRegistration) -> Response:
    """Up to 10,000 nodes, all of them or none; errors name each bad row and its field."""
    with reading() as session:
        # What is refused has held up no writer.
        check_nodes(session, body.nodes, allocator=get_component(AddressAllocator))
    return _register(wanted=body.nodes)


@transactional
def _register(session: Session, wanted: Sequence[NodeRegistration]) -> Response:
    allocator = get_component(AddressAllocator)
    nodes = register_nodes(session, get_actor(), wanted, allocator=allocator)
    shown = [{"node_id": node.node_id, "wireguard_ip": node.wireguard_ip} for node in nodes]
    answer = {
        "registered": len(nodes),
        "revision": nodes[0].revision,
        "nodes": shown,
        "warnings": [*warn_of_keywords(name for one in wanted for name in one.vars)],
    }
    return json_response(answer, HTTPStatus.CREATED)
