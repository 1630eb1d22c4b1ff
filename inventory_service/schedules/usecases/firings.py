# SPDX-License-Identifier: Apache-2.0
"""Fire the schedules that are due: each orders its run and is planned anew in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy.orm import Session

from inventory_service.core.actors import Channel, Scope
from inventory_service.core.errors import ServiceError
from inventory_service.core.redaction import redact
from inventory_service.identity.usecases.accounts import act_for
from inventory_service.runs.domain.orders import RunChoices, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.usecases.orders import order_run
from inventory_service.runs.usecases.secret_answers import open_secrets
from inventory_service.schedules import queries
from inventory_service.schedules.models import Schedule

#: As many has the column.
_MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Firing:
    """What became of a schedule that was due: a run, or a problem."""

    schedule: str
    run_id: int | None
    problem: str | None


def fire_due(session: Session, now: datetime, *, sources: RunSources) -> list[Firing]:
    """Order the runs of the schedules that are due, some at a time, the longest due first.

    What can't be ordered is noted on its schedule, which goes on.
    """
    fired = []
    for schedule in queries.list_due(session, now):
        if schedule.is_due(now):
            fired.append(_fire(session, schedule, now, sources))
        else:
            # A clock that was ahead planned it, for a time that may be years away.
            schedule.plan(now)
    return fired


def make_order(schedule: Schedule, sources: RunSources, *, reason: str | None = None) -> RunOrder:
    """Return the order that a schedule stands for.

    :raises Conflict: its secret answers can't be opened.
    :raises ValidationError: it is not valid any more, by rules that are newer than the schedule.
    """
    chosen = {name: getattr(schedule, name) for name in RunChoices.model_fields}
    chosen["answers"] = schedule.answers | open_secrets(schedule.sealed_answers, sources.unseal)
    return RunOrder(template=schedule.template, reason=reason, **chosen)


def _fire(session: Session, schedule: Schedule, now: datetime, sources: RunSources) -> Firing:
    name = schedule.schedule
    try:
        if not schedule.is_missed(now):
            due = f"{schedule.next_at:%Y-%m-%dT%H:%M:%SZ}"
            order = make_order(schedule, sources, reason=f"schedule {name}, due at {due}")
            scope = Scope(schedule.scope)
            actor = act_for(
                session, schedule.account, Channel.SCHEDULE, scope, token=schedule.token
            )
            run = order_run(session, actor, order, sources=sources)
            schedule.note_run(run, now)
            return Firing(name, run.id, None)
        problem = "it was missed: no worker was there when it was due"
    except (ServiceError, ValidationError) as error:
        problem = redact(_explain(error))[:_MOST_CHARACTERS]
    schedule.note_problem(problem, now)
    return Firing(name, None, problem)


def _explain(error: ServiceError | ValidationError) -> str:
    """Return what an error names, in one line."""
    if isinstance(error, ServiceError):
        faults = [f"{fault.field} {fault.reason}" for fault in error.field_errors]
        return " ".join([error.detail, *faults[:5]])
    return "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()[:5])
