# SPDX-License-Identifier: Apache-2.0
"""Reads of the outbox that are larger than a row: ends that nobody has looked at, what is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from inventory_service.notifications.domain.deliveries import DeliveryState
from inventory_service.notifications.models.deliveries import Delivery
from inventory_service.notifications.models.notifications import Notification
from inventory_service.runs.domain.states import ENDED
from inventory_service.runs.models.runs import Run

#: How many ends of runs are looked at in one turn, so that it stays short.
MOST_ENDS = 200


def list_live(session: Session) -> Sequence[Notification]:
    """Return the notifications that are not retired."""
    return session.scalars(select(Notification).where(Notification.retired_at.is_(None))).all()


def find_seen_revision(session: Session) -> int | None:
    """Return up to which revision all notifications know all ends; None if there are none."""
    query = select(func.min(Notification.seen_revision)).where(Notification.retired_at.is_(None))
    return session.scalar(query)


def list_ends(session: Session, after: int, *, limit: int = MOST_ENDS) -> Sequence[Any]:
    """Return id, template, state and revision of the runs that ended after a revision, in order.

    Revisions are given out in the order of commits, as ids and times of ends are not, and an end
    is the last change of a run: so none is passed over.
    """
    return session.execute(select_ends(after, limit=limit)).all()


def select_ends(after: int, *, limit: int) -> Select[int, str, str, int]:
    """Return the query of `list_ends`."""
    ended = sorted(one.value for one in ENDED)
    # No plain column, or SQLite would search by state: among all runs that ever ended.
    state = Run.state.concat("")
    return (
        select(Run.id, Run.template, Run.state, Run.revision)
        # A sliced run has one end: its own.
        .where(Run.revision > after, state.in_(ended), Run.is_whole())
        .order_by(Run.revision)
        .limit(limit)
    )


def list_due(session: Session, now: datetime, *, limit: int) -> Sequence[Delivery]:
    """Return messages to be sent, the oldest first, at most one of each notification."""
    query = (
        _due(now)
        .with_only_columns(func.min(Delivery.id))
        .group_by(Delivery.notification)
        .order_by(func.min(Delivery.id))
        .limit(limit)
    )
    ids = session.scalars(query).all()
    return session.scalars(select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id)).all()


def has_due(session: Session, now: datetime) -> bool:
    """Return whether there is a message to be sent."""
    return session.scalars(_due(now).with_only_columns(Delivery.id).limit(1)).first() is not None


def list_deliveries(notification: str, filters: Mapping[str, Sequence[str]]) -> Select[Delivery]:
    """Return the query of a notification's messages; the filter is by `state`."""
    query = select(Delivery).where(Delivery.notification == notification)
    if filters.get("state"):
        query = query.where(Delivery.state.in_(filters["state"]))
    return query


def _due(now: datetime) -> Select[Delivery]:
    return (
        select(Delivery)
        .join(Notification, Notification.notification == Delivery.notification)
        .where(
            Delivery.state == DeliveryState.PENDING.value,
            Delivery.due_at <= now,
            # A paused one keeps what it has; of a retired one the rest is given up.
            Notification.is_paused.is_(False) | Notification.retired_at.is_not(None),
        )
    )
