# SPDX-License-Identifier: Apache-2.0
"""The route that tells Prometheus what to scrape."""

from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.core.actors import Scope
from inventory_service.core.errors import BadInput, FieldError, NotFound
from inventory_service.core.field_types import Label
from inventory_service.fleet.routes.filters import FilterQuery, to_filters
from inventory_service.http.auth import SECURITY, require_scope
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading
from inventory_service.inventory.usecases.scrape_targets import list_job_targets, list_targets

routes = APIBlueprint(
    "prometheus",
    __name__,
    url_prefix="/api/v1/prometheus",
    abp_tags=[Tag(name="prometheus")],
    abp_security=SECURITY,
)

#: Where Prometheus' own exporter of a machine listens.
_NODE_EXPORTER = 9100
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
    """Which nodes, and where they are scraped."""

    job: Label | None = Field(
        default=None, description="the services of this job, each on its port and path"
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="without a job: the port of every node; 9100"
    )
    address: Literal["internal_ip", "external_ip", "wireguard_ip"] = "internal_ip"


@routes.get("/targets", summary="Targets for http_sd", responses={200: _TARGETS})
@require_scope(Scope.VIEWER, anonymous=True)
@raises(NotFound)
def get_targets(query: TargetQuery) -> Response:
    """The whole list each time, since Prometheus drops what an answer does not name."""
    if query.job is not None and query.port is not None:
        raise BadInput(
            "The services of a job have ports of their own. Leave out the job or the port.",
            field_errors=[FieldError("port", "does not go with a job")],
        )
    filters, address = to_filters(query), query.address
    with reading() as session:
        if query.job is not None:
            return json_response(list_job_targets(session, query.job, filters, address=address))
        port = query.port or _NODE_EXPORTER
        return json_response(list_targets(session, filters, port=port, address=address))
