# SPDX-License-Identifier: Apache-2.0
"""Routes that record heartbeats, sent by a node itself or by a relay for many."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.fleet.domain.heartbeats import HeartbeatReport
from inventory_service.fleet.heartbeat_batching import HeartbeatBatcher
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_component
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response

routes = APIBlueprint(
    "heartbeats",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="nodes")],
    abp_security=SECURITY,
)


class NodePath(BaseModel):
    """Which node."""

    node_id: str = Field(max_length=255)


class RefusedHeartbeat(BaseModel):
    """A node whose heartbeat was refused, and why."""

    node_id: str
    reason: str


class HeartbeatsOut(BaseModel):
    """How many heartbeats were stored, and which were refused."""

    noted: int
    refused: list[RefusedHeartbeat]


@routes.post("/nodes/<node_id>/heartbeat", summary="Record a heartbeat", responses={204: None})
@require_role(Role.OPERATOR)
@raises(Conflict, NotFound)
def beat(path: NodePath) -> Response:
    """Sets `last_seen`; no change of the fleet, so no revision and no record."""
    for refusal in get_component(HeartbeatBatcher).store([path.node_id]).values():
        raise refusal
    return Response(status=HTTPStatus.NO_CONTENT.value)


@routes.post(
    "/heartbeats", summary="Record heartbeats of many nodes", responses={200: HeartbeatsOut}
)
@require_role(Role.OPERATOR)
def beat_many(body: HeartbeatReport) -> Response:
    """Up to 1,000 nodes that a relay has seen alive; the answer names those refused, and why."""
    refused = get_component(HeartbeatBatcher).store(body.nodes)
    return json_response(
        {
            "noted": len(set(body.nodes)) - len(refused),
            "refused": [
                {"node_id": node_id, "reason": refusal.detail}
                for node_id, refusal in sorted(refused.items())
            ],
        }
    )
