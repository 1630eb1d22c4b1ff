# SPDX-License-Identifier: Apache-2.0
"""Routes of nodes and of their transitions."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import NotFound, PreconditionFailed
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import (
    NodeChange,
    NodeRegistration,
    RestorationRequest,
    TransitionRequest,
)
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.routes.filters import FilterQuery, to_filters
from inventory_service.fleet.routes.schemas import NodeOut, TransitionList, TransitionOut
from inventory_service.fleet.usecases import changes
from inventory_service.fleet.usecases import nodes as acts
from inventory_service.fleet.usecases.registrations import register_node as register
from inventory_service.fleet.usecases.restorations import restore_node as restore
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import read_expected, transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "nodes",
    __name__,
    url_prefix="/api/v1/nodes",
    abp_tags=[Tag(name="nodes")],
    abp_security=SECURITY,
)


class NodePath(BaseModel):
    """Which node."""

    node_id: str = Field(max_length=255)


LISTING = ListSpec(
    Node,
    NodeOut,
    tiebreakers=("node_id", "id"),
    sortable=(
        "node_id",
        "node_type",
        "cluster_id",
        "region",
        "environment",
        "project",
        "state",
        "provider",
        "spec",
        "last_seen",
        "created_at",
        "updated_at",
        "revision",
    ),
)


class NodeQuery(FilterQuery, ListQuery):
    """Filters, page, sort order and fields of a list of nodes."""

    prefix: str = Field(
        default="",
        max_length=63,
        pattern="^[a-z0-9-]*$",
        description="only nodes whose names begin with this",
    )
    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


@routes.get("", summary="List nodes", responses={200: page_of(NodeOut)})
@require_role(Role.VIEWER)
def list_nodes(query: NodeQuery) -> Response:
    """Nodes, sorted by name unless `sort` is set; without `state`, those that are not retired."""
    with reading() as session:
        nodes = acts.list_nodes(
            session, to_filters(query), LISTING.read(query), prefix=query.prefix
        )
        return LISTING.answer(query, nodes, lambda node: node.as_dict())


@routes.post("", summary="Register a node", responses={201: NodeOut})
@require_role(Role.OPERATOR)
@transactional
def register_node(session: Session, body: NodeRegistration) -> Response:
    """The node starts as planned and gets an address of its cluster's mesh."""
    node = register(session, get_actor(), body, allocator=get_component(AddressAllocator))
    return resource_response(
        node, HTTPStatus.CREATED, location=f"/api/v1/nodes/{quote(node.node_id, safe='')}"
    )


@routes.get("/<node_id>", summary="Show a node", responses={200: NodeOut})
@require_role(Role.VIEWER)
@raises(NotFound)
def show_node(path: NodePath) -> Response:
    """The live node of that name, else the one that was retired last."""
    with reading() as session:
        return resource_response(acts.get_node(session, path.node_id))


@routes.patch("/<node_id>", summary="Change a node", responses={200: NodeOut})
@require_role(Role.OPERATOR)
@raises(NotFound, PreconditionFailed)
@transactional
def change_node(session: Session, path: NodePath, body: NodeChange) -> Response:
    """What is left out stays as it is; null clears a field."""
    node = changes.change_node(
        session,
        get_actor(),
        path.node_id,
        body,
        allocator=get_component(AddressAllocator),
        expected=read_expected(),
    )
    return resource_response(node)


@routes.get(
    "/<node_id>/transitions", summary="List a node's transitions", responses={200: TransitionList}
)
@require_role(Role.VIEWER)
@raises(NotFound)
def list_transitions(path: NodePath) -> Response:
    """The transitions of the node, oldest first."""
    with reading() as session:
        transitions = acts.list_transitions(session, path.node_id)
        return json_response({"items": [one.as_dict() for one in transitions], "next_cursor": None})


@routes.post(
    "/<node_id>/transitions", summary="Change a node's state", responses={201: TransitionOut}
)
@require_role(Role.OPERATOR)
@raises(NotFound)
@transactional
def move_node(session: Session, path: NodePath, body: TransitionRequest) -> Response:
    """Change the state of the node."""
    transition = acts.transition_node(session, get_actor(), path.node_id, body)
    return resource_response(transition, HTTPStatus.CREATED)


@routes.post("/<node_id>/restoration", summary="Restore a node", responses={201: NodeOut})
@require_role(Role.OPERATOR)
@raises(NotFound)
@transactional
def restore_node(session: Session, path: NodePath, body: RestorationRequest) -> Response:
    """The node comes back into maintenance if its server still exists, else as planned."""
    allocator = get_component(AddressAllocator)
    node = restore(session, get_actor(), path.node_id, body, allocator=allocator)
    return resource_response(node, HTTPStatus.CREATED)
