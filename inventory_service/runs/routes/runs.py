# SPDX-License-Identifier: Apache-2.0
"""Routes of runs: order, cancel, relaunch, list and show."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import Conflict, Forbidden, NotFound
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor, get_component
from inventory_service.http.idempotency import transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading
from inventory_service.runs.domain.orders import CancellationRequest, RelaunchOrder, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.templates import TemplateName
from inventory_service.runs.models.runs import Run
from inventory_service.runs.routes.schemas import PreviewOut, RunOut, WholeRunOut
from inventory_service.runs.usecases import orders as acts
from inventory_service.runs.usecases.slices import show_counted

PREFIX = "/api/v1/runs"
TAG = Tag(name="runs")
routes = APIBlueprint("runs", __name__, url_prefix=PREFIX, abp_tags=[TAG], abp_security=SECURITY)
LISTING = ListSpec(
    Run,
    RunOut,
    tiebreakers=("id",),
    sortable=(
        "id",
        "template",
        "state",
        "requested_by",
        "created_at",
        "started_at",
        "ended_at",
    ),
    sort="-id",
)


class RunPath(BaseModel):
    """Which run."""

    run_id: int = Field(ge=1, lt=2**31)


class RunQuery(ListQuery):
    """Filters, page, sort order and fields of a list of runs."""

    template: list[TemplateName] = Field(default_factory=list, max_length=100)
    state: list[RunState] = Field(default_factory=list, max_length=len(RunState))
    slice_of: list[int] = Field(
        default_factory=list,
        max_length=100,
        description="the slices of this run, which are left out otherwise",
    )
    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


@routes.get("", summary="List runs", responses={200: page_of(RunOut)})
@require_role(Role.VIEWER)
def list_runs(query: RunQuery) -> Response:
    """Runs, the newest first unless `sort` is set."""
    with reading() as session:
        filters = query.model_dump(mode="json", include={"template", "state", "slice_of"})
        runs = acts.list_runs(session, filters, LISTING.read(query))
        return LISTING.answer(query, runs, lambda run: show_counted(session, run))


@routes.post("", summary="Order a run", responses={201: RunOut})
@require_role(Role.VIEWER)
@raises(Forbidden, NotFound)
@transactional
def order_run(session: Session, body: RunOrder) -> Response:
    """A worker takes the run as soon as its locks are free; the hosts are chosen now."""
    run = acts.order_run(session, get_actor(), body, sources=get_component(RunSources))
    return resource_response(run, HTTPStatus.CREATED, location=f"{PREFIX}/{run.id}")


@routes.post("/preview", summary="Preview a run", responses={200: PreviewOut})
@require_role(Role.VIEWER)
@raises(NotFound, Conflict, Forbidden)
def preview_run(body: RunOrder) -> Response:
    """What the order would give, or why it would be refused; nothing is recorded."""
    sources = get_component(RunSources)
    with reading() as session:
        return json_response(
            acts.describe_draft(acts.draft_run(session, get_actor(), body, sources=sources))
        )


@routes.get("/<run_id>", summary="Show a run", responses={200: WholeRunOut})
@require_role(Role.VIEWER)
@raises(NotFound)
def show_run(path: RunPath) -> Response:
    """The run as it is now, with the names of its hosts."""
    with reading() as session:
        return json_response(acts.describe_run(session, acts.get_run(session, path.run_id)))


@routes.post("/<run_id>/cancellation", summary="Cancel a run", responses={201: RunOut})
@require_role(Role.OPERATOR)
@raises(NotFound, Conflict)
@transactional
def cancel_run(session: Session, path: RunPath, body: CancellationRequest) -> Response:
    """One that waits is cancelled at once; a live one when none of its processes is left.

    What a module has begun on a node goes on there: Ansible can't stop that.
    """
    run = acts.cancel_run(session, get_actor(), path.run_id, body.reason)
    return resource_response(run, HTTPStatus.CREATED)


@routes.post("/<run_id>/relaunch", summary="Relaunch a run", responses={201: RunOut})
@require_role(Role.VIEWER)
@raises(Forbidden, NotFound, Conflict)
@transactional
def relaunch_run(session: Session, path: RunPath, body: RelaunchOrder) -> Response:
    """The same run once more, with the input that was stored, on all or on the failed hosts."""
    sources = get_component(RunSources)
    run = acts.relaunch_run(session, get_actor(), path.run_id, body, sources=sources)
    return resource_response(run, HTTPStatus.CREATED, location=f"{PREFIX}/{run.id}")


@routes.post(
    "/<run_id>/relaunch/preview", summary="Preview a relaunch", responses={200: PreviewOut}
)
@require_role(Role.VIEWER)
@raises(NotFound, Conflict, Forbidden)
def preview_relaunch(path: RunPath, body: RelaunchOrder) -> Response:
    """What the relaunch would give, or why it would be refused; nothing is recorded."""
    sources = get_component(RunSources)
    with reading() as session:
        run = acts.draft_relaunch(session, get_actor(), path.run_id, body, sources=sources)
        return json_response(acts.describe_draft(run))
