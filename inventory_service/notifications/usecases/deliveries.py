# SPDX-License-Identifier: Apache-2.0
"""The outbox: find what is to be sent, give it to a worker, record what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.database.pagination import read_page
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import Conflict, NotFound, ServiceError
from inventory_service.core.pagination import Page
from inventory_service.core.redaction import redact
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.notifications import queries
from inventory_service.notifications.domain.deliveries import DeliveryState, Outcome
from inventory_service.notifications.domain.messages import Message, RunSummary
from inventory_service.notifications.domain.notifications import NotificationKind
from inventory_service.notifications.models.deliveries import Delivery
from inventory_service.notifications.models.notifications import Notification
from inventory_service.notifications.usecases.notifications import open_secrets
from inventory_service.runs.models.runs import Run


@dataclass(frozen=True)
class TakenDelivery:
    """A message that a worker has to itself, and all that it needs to send it."""

    id: int
    attempt: int
    queued_at: datetime
    kind: NotificationKind
    message: Message
    recipients: tuple[str, ...]
    #: Without those that are set, why they could not be opened.
    secrets: Mapping[str, str]
    fault: str | None = None


def has_new_ends(session: Session) -> bool:
    """Return whether a run has ended that `fill_outbox` has not dealt with."""
    after = queries.find_seen_revision(session)
    return after is not None and bool(queries.list_ends(session, after, limit=1))


def fill_outbox(session: Session) -> int:
    """Queue the messages about runs that have ended since the last time; return how many.

    Messages and the revision up to which all is dealt with are of one transaction: whoever is
    killed meanwhile has done nothing, and the next one does it all.
    """
    notifications = queries.list_live(session)
    if not notifications:
        return 0
    after = min(one.seen_revision for one in notifications)
    ends = queries.list_ends(session, after)
    count = 0
    for end in ends:
        for one in notifications:
            if end.revision > one.seen_revision and one.wants(end.template, end.state):
                Delivery(notification=one.notification, run_id=end.id).submit(session)
                count += 1
    if ends:
        for one in notifications:
            one.watch(max(one.seen_revision, ends[-1].revision))
    return count


def has_due(session: Session) -> bool:
    """Return whether a message is to be sent now."""
    return queries.has_due(session, datetime.now(UTC))


def take_deliveries(
    session: Session, vault: Vault, *, link_url: str, limit: int
) -> list[TakenDelivery]:
    """Take messages to send, at most one of each notification: a slow one holds up only itself."""
    taken = []
    for delivery in queries.list_due(session, datetime.now(UTC), limit=limit):
        notification = get_entry(session, Notification, delivery.notification)
        if notification.retired_at is not None:
            delivery.drop("the notification is retired")
        elif delivery.take():
            taken.append(_describe(session, delivery, notification, vault, link_url))
    return taken


def record_outcome(session: Session, taken: TakenDelivery, outcome: Outcome) -> None:
    """Record what came of an attempt; without effect if another worker has the message by now."""
    delivery = session.get(Delivery, taken.id)
    if (
        delivery is not None
        and delivery.state == DeliveryState.PENDING
        and (delivery.queued_at, delivery.attempts) == (taken.queued_at, taken.attempt)
    ):
        delivery.conclude(outcome)


def request_test(session: Session, actor: Actor, name: str, reason: str | None) -> Delivery:
    """Queue a message that is about no run.

    :raises NotFound: there was never a notification of that name.
    :raises Conflict: it is retired or paused.
    """
    _get_sendable(session, name)
    delivery = Delivery(notification=name)
    delivery.request(session, actor, reason)
    return delivery


def redeliver(
    session: Session, actor: Actor, name: str, delivery_id: int, reason: str | None
) -> Delivery:
    """Queue a message once more.

    :raises NotFound: there is no such message.
    :raises Conflict: it is queued already, or its notification is retired or paused.
    """
    _get_sendable(session, name)
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.notification != name:
        raise NotFound(
            f"Notification '{name}' has no delivery {delivery_id}. `qm notification deliveries "
            f"{name}` shows those that there are."
        )
    delivery.redeliver(actor, reason)
    return delivery


def list_deliveries(
    session: Session, name: str, filters: Mapping[str, Sequence[str]], page: Page
) -> Sequence[Delivery]:
    """Return a page of a notification's messages.

    :raises NotFound: there was never a notification of that name.
    """
    get_entry(session, Notification, name)
    return read_page(session, Delivery, queries.list_deliveries(name, filters), page)


def _get_sendable(session: Session, name: str) -> Notification:
    notification = get_entry(session, Notification, name)
    if notification.retired_at is not None or notification.is_paused:
        state = "paused" if notification.retired_at is None else "retired"
        raise Conflict(f"{notification.label} is {state}: nothing is sent.")
    return notification


def _describe(
    session: Session, delivery: Delivery, notification: Notification, vault: Vault, link_url: str
) -> TakenDelivery:
    run = None if delivery.run_id is None else session.get(Run, delivery.run_id)
    summary = None if run is None else _summarize(run, link_url)
    secrets: dict[str, str] = {}
    fault = None
    try:
        secrets = open_secrets(notification, vault)
    except ServiceError as error:
        fault = error.detail
    return TakenDelivery(
        id=delivery.id,
        attempt=delivery.attempts,
        queued_at=delivery.queued_at,
        kind=NotificationKind(notification.kind),
        message=Message(delivery.id, notification.notification, summary),
        recipients=tuple(notification.recipients),
        secrets=secrets,
        fault=fault,
    )


def _summarize(run: Run, link_url: str) -> RunSummary:
    return RunSummary(
        id=run.id,
        template=run.template,
        state=run.state,
        state_reason=redact(run.state_reason),
        limit=redact(run.limit[:1000]),
        host_count=run.host_count,
        results=run.results,
        requested_by=run.requested_by,
        reason=redact(run.reason),
        is_check=bool(run.options.get("check")),
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        link=f"{link_url}/api/v1/runs/{run.id}",
    )
