# SPDX-License-Identifier: Apache-2.0
"""Register and change schedules, of which each is checked as an order of its run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, FieldError, NotFound
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.usecases.catalog import change_entry, get_entry, register_entry
from inventory_service.runs.domain.orders import RunChoices, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.orders import draft_run
from inventory_service.runs.usecases.secret_answers import hide_secrets
from inventory_service.schedules.domain.schedules import ScheduleChange, ScheduleRegistration
from inventory_service.schedules.models import Schedule
from inventory_service.schedules.usecases.firings import make_order


def register_schedule(
    session: Session,
    actor: Actor,
    wanted: ScheduleRegistration,
    *,
    sources: RunSources,
    now: datetime,
) -> Schedule:
    """Register a schedule, whose runs need the actor's roles.

    :raises Conflict: the name is taken, or the template is retired.
    :raises Forbidden: the actor has not the role that runs of the template need.
    :raises BadInput: it would never fire, or a run of it could not be ordered now.
    """
    chosen = {name: getattr(wanted, name) for name in RunChoices.model_fields}
    _check_order(session, actor, RunOrder(template=wanted.template, **chosen), sources)
    hidden = _hide_secrets(session, wanted.template, wanted.answers, sources)
    rights = {"account": actor.account, "scope": actor.scope.value}
    schedule = register_entry(session, actor, Schedule, wanted, **rights, **hidden)
    _plan(schedule, now)
    return schedule


def change_schedule(  # noqa: PLR0913 - those of `change_entry`, and what an order needs
    session: Session,
    actor: Actor,
    name: str,
    change: ScheduleChange,
    *,
    expected: Expected = None,
    sources: RunSources,
    now: datetime,
) -> Schedule:
    """Set the fields that the change names; from then on its runs need the actor's roles.

    Only to describe or to pause it needs no run that could be ordered, and leaves its account.

    :raises NotFound: there was never a schedule of that name.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired, or its template is.
    :raises Forbidden: the actor has not the role that runs of the template need.
    :raises BadInput: it would never fire, or a run of it could not be ordered now.
    """
    schedule = get_entry(session, Schedule, name)
    before, revision = (schedule.timing, schedule.is_paused), schedule.revision
    hidden = {}
    if "answers" in change.model_fields_set:
        hidden = _hide_secrets(session, schedule.template, change.answers, sources)
    change_entry(session, actor, Schedule, name, change, expected=expected, **hidden)
    if schedule.revision == revision:
        return schedule
    if not _leaves_order(change):
        _check_order(session, actor, make_order(schedule, sources), sources)
        schedule.authorize(actor)
    if (schedule.timing, schedule.is_paused) != before:
        _plan(schedule, now)
    return schedule


def _hide_secrets(
    session: Session, template: str, answers: Mapping[str, Any], sources: RunSources
) -> dict[str, Any]:
    """Return the fields of a schedule that hold its answers."""
    survey = get_entry(session, Template, template).survey
    shown, sealed = hide_secrets(survey, answers, sources.seal)
    return {"answers": shown, "sealed_answers": sealed}


def _leaves_order(change: ScheduleChange) -> bool:
    """Return whether a change only describes or pauses: that must work when nothing else does."""
    fields = change.model_fields_set - {"reason", "description"}
    return not fields or (fields == {"is_paused"} and change.is_paused)


def _check_order(session: Session, actor: Actor, order: RunOrder, sources: RunSources) -> None:
    try:
        draft_run(session, actor, order, sources=sources)
    except NotFound as error:
        field_error = FieldError("template", "does not exist")
        raise BadInput(error.detail, field_errors=[field_error]) from error


def _plan(schedule: Schedule, now: datetime) -> None:
    """Plan a schedule, which must have a moment at which it fires, paused or not."""
    if not schedule.is_paused and schedule.timing.find_next(now) is None:
        raise BadInput(
            f"{schedule.label} would never fire: {schedule.at} is past. Choose a later moment.",
            field_errors=[FieldError("at", "is past")],
        )
    schedule.plan(now)
