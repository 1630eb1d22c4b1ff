# SPDX-License-Identifier: Apache-2.0
"""Routes of what runs report: events, results by host, tasks, and the log."""

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from inventory_service.core.actors import Role
from inventory_service.core.errors import NotFound
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_component
from inventory_service.http.problems import raises
from inventory_service.http.query_params import Query
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading
from inventory_service.runs.routes.runs import PREFIX, TAG, RunPath
from inventory_service.runs.routes.schemas import EventsOut, HostsOut, TasksOut
from inventory_service.runs.usecases.reports import list_reports
from inventory_service.runs.watching import RunWatcher

#: A proxy in front gives up after a minute.
MOST_WAIT_S = 25
routes = APIBlueprint(
    "run_reports", __name__, url_prefix=PREFIX, abp_tags=[TAG], abp_security=SECURITY
)


class EventQuery(Query):
    """Which events of a run, and how long to wait for some."""

    after: int = Field(
        default=0, ge=0, lt=2**31, description="the counter of the last event that is known"
    )
    limit: int = Field(default=1000, ge=1, le=5000)
    wait: int = Field(
        default=0,
        ge=0,
        le=MOST_WAIT_S,
        description="seconds to wait for an event where there is none; not if too many wait",
    )


class StreamHeader(BaseModel):
    """Where a stream begins."""

    model_config = ConfigDict(populate_by_name=True)

    last_event_id: int = Field(
        default=0, ge=0, lt=2**31, alias="Last-Event-ID", description="`id` of the last event"
    )


@routes.get("/<run_id>/events", summary="List or await a run's events", responses={200: EventsOut})
@require_role(Role.VIEWER)
@raises(NotFound)
def list_events(path: RunPath, query: EventQuery) -> Response:
    """The events after one that is known; with `wait`, as soon as there is one."""
    progress = get_component(RunWatcher).watch(
        path.run_id, after=query.after, limit=query.limit, wait_s=query.wait
    )
    return json_response(progress.as_dict())


@routes.get(
    "/<run_id>/stream",
    summary="Follow a run",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
@require_role(Role.VIEWER)
@raises(NotFound)
def stream_events(path: RunPath, header: StreamHeader) -> Response:
    """Server-sent events as the run goes on; `Last-Event-ID` resumes where another one ended.

    `progress` is as the answer of `/events`, `end` is the run, and `busy` means to ask there.
    """
    parts = get_component(RunWatcher).stream(path.run_id, after=header.last_event_id)
    # nginx would gather it.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(parts, mimetype="text/event-stream", headers=headers)


@routes.get("/<run_id>/hosts", summary="List the results by host", responses={200: HostsOut})
@require_role(Role.VIEWER)
@raises(NotFound)
def list_hosts(path: RunPath) -> Response:
    """How many tasks had which result on each host, by name."""
    with reading() as session:
        return json_response({"items": list_reports("hosts", session, path.run_id)})


@routes.get("/<run_id>/tasks", summary="List the tasks of a run", responses={200: TasksOut})
@require_role(Role.VIEWER)
@raises(NotFound)
def list_tasks(path: RunPath) -> Response:
    """When each task began and ended, and on how many hosts it had which result."""
    with reading() as session:
        return json_response({"items": list_reports("tasks", session, path.run_id)})


@routes.get(
    "/<run_id>/log",
    summary="Download the log of a run",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@require_role(Role.VIEWER)
@raises(NotFound)
def read_log(path: RunPath) -> Response:
    """What Ansible printed, without secrets; of a live run what there is by now."""
    parts = get_component(RunWatcher).iter_log(path.run_id)
    response = Response(parts, mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="run-{path.run_id}.log"'
    return response
