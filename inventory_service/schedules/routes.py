# SPDX-License-Identifier: Apache-2.0
"""Routes of schedules, which `make_routes` in ``fleet/routes/catalog.py`` builds.

GET   /api/v1/schedules                        list
POST  /api/v1/schedules                        register
GET   /api/v1/schedules/<schedule>             show
PATCH /api/v1/schedules/<schedule>             change, pause, resume
POST  /api/v1/schedules/<schedule>/retirement  retire
"""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.http.dependencies import get_component
from inventory_service.runs.domain.sources import RunSources
from inventory_service.schedules.domain.schedules import (
    CatchUp,
    ScheduleChange,
    ScheduleRegistration,
)
from inventory_service.schedules.models import Schedule
from inventory_service.schedules.usecases.schedules import change_schedule, register_schedule


class ScheduleOut(BaseModel):
    """A schedule."""

    schedule: str
    description: str | None
    template: str
    limit: str
    tags: list[str]
    skip_tags: list[str]
    check: bool
    diff: bool
    answers: dict[str, Any]
    cron: str | None
    time_zone: str
    at: datetime | None
    jitter_s: int
    catch_up: CatchUp
    is_paused: bool
    next_at: datetime | None = Field(description="null while it is paused, and after its end")
    last_at: datetime | None = Field(description="when it was last due")
    last_run_id: int | None = Field(description="the last run that it ordered")
    last_problem: str | None = Field(
        description="why it ordered no run when it was last due; null if it did"
    )
    account: str = Field(description="who registered it or last changed what it orders")
    scope: str = Field(description="that of the token which was used then")
    created_at: datetime
    retired_at: datetime | None
    revision: int


def _register(session: Session, actor: Actor, wanted: ScheduleRegistration) -> Schedule:
    sources, now = get_component(RunSources), datetime.now(UTC)
    return register_schedule(session, actor, wanted, sources=sources, now=now)


def _change(
    session: Session, actor: Actor, name: str, change: ScheduleChange, *, expected: Expected
) -> Schedule:
    sources, now = get_component(RunSources), datetime.now(UTC)
    return change_schedule(
        session, actor, name, change, expected=expected, sources=sources, now=now
    )


RESOURCE = ResourceSpec(
    kind=Schedule,
    path="/api/v1/schedules",
    registration=ScheduleRegistration,
    change=ScheduleChange,
    view=ScheduleOut,
    sortable=("schedule", "template", "next_at", "last_at", "created_at", "retired_at"),
    register=_register,
    update=_change,
    end="It does not fire any more; the runs that it ordered stay.",
)
routes = make_routes(RESOURCE)
