# SPDX-License-Identifier: Apache-2.0
"""Reads of schedules: those that are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from inventory_service.schedules.models import Schedule

#: How many fire in one transaction, which holds up all other writers meanwhile.
MOST_DUE = 10
#: A clock that was set back by more makes plans worthless; by less, they are kept, so that nothing
#: fires twice.
MOST_SET_BACK = timedelta(hours=1)


def has_due(session: Session, now: datetime) -> bool:
    """Return whether a schedule is due, or was planned by a clock that was set back since."""
    return (
        session.scalars(select(Schedule.schedule).where(_is_due(now)).limit(1)).first() is not None
    )


def list_due(session: Session, now: datetime) -> Sequence[Schedule]:
    """Return schedules of which `has_due` reports one, the longest due first."""
    query = select(Schedule).where(_is_due(now)).order_by(Schedule.next_at, Schedule.schedule)
    return session.scalars(query.limit(MOST_DUE)).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_outdated = Schedule.next_at.is_not(None) & (Schedule.planned_at > now + MOST_SET_BACK)
    return (Schedule.next_at <= now) | is_outdated
