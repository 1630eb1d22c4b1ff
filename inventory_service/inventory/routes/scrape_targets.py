# SPDX-License-Identifier: Apache-2.0
"""The route that serves Prometheus its scrape targets (http_sd)."""

from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.core.actors import Role
from inventory_service.core.errors import NotFound
from inventory_service.core.field_types import Label
from inventory_service.fleet.routes.filters import FilterQuery, to_filters
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading
from inventory_service.inventory.usecases.scrape_targets import NODE_EXPORTER, list_targets

routes = APIBlueprint(
    "prometheus",
    __name__,
    url_prefix="/api/v1/prometheus",
    abp_tags=[Tag(name="prometheus")],
    abp_security=SECURITY,
)

_TARGETS: dict[str, Any] = {
    "description": "The targets",
    "content": {
        "application/json": {
            "schema": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["targets", "labels"],
                    "properties": {
                        "targets": {"type": "array", "items": {"type": "string"}},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
            }
        }
    },
}


class TargetQuery(FilterQuery):
    """Filters, and which job, port and address to scrape."""

    job: Label | None = Field(
        default=None, description="the services of this job, each on its port and path"
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description=f"without a job: the port of every node; {NODE_EXPORTER}",
    )
    address: Literal["internal_ip", "external_ip", "wireguard_ip"] | None = Field(
        default=None,
        description="only nodes that have this address, by it; without it the internal address, "
        "or the external one of a node without",
    )


@routes.get("/targets", summary="Targets for http_sd", responses={200: _TARGETS})
@require_role(Role.VIEWER, anonymous=True)
@raises(NotFound)
def get_targets(query: TargetQuery) -> Response:
    """The whole list each time, since Prometheus drops targets that an answer leaves out."""
    with reading() as session:
        targets = list_targets(
            session, to_filters(query), job=query.job, port=query.port, address=query.address
        )
        return json_response(targets)
