# SPDX-License-Identifier: Apache-2.0
"""Take requests of other programs: who is believed, and what becomes of it, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.pagination import read_page
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import BadInput, FieldError, ServiceError
from inventory_service.core.pagination import Page
from inventory_service.core.redaction import redact
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.identity.usecases.accounts import act_for
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.usecases.orders import describe_draft, draft_run, order_run
from inventory_service.webhooks.domain.mapping import find_unmet, map_values
from inventory_service.webhooks.domain.signatures import Proof, verify
from inventory_service.webhooks.domain.webhooks import DELIVERIES_KEPT, DeliveryOutcome
from inventory_service.webhooks.models.deliveries import WebhookDelivery
from inventory_service.webhooks.models.webhooks import Webhook
from inventory_service.webhooks.usecases.webhooks import choose, list_secrets

#: How many deliveries that are past their time one more takes with it.
_MOST_PRUNED = 100
_PAUSED = "the webhook is paused"


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    headers: Mapping[str, str]
    raw: bytes
    body: Mapping[str, Any]
    address: str
    at: datetime


@dataclass(frozen=True)
class Taken:
    """What became of a request, and what the one who sent it is told if it was refused."""

    delivery: WebhookDelivery
    is_repeated: bool = False
    refusal: ServiceError | None = None

    @property
    def is_new(self) -> bool:
        """Return whether it has ordered a run just now."""
        return not self.is_repeated and self.delivery.outcome == DeliveryOutcome.ACCEPTED

    def check(self) -> None:
        """Raise why the request was refused, if it was.

        :raises ServiceError: it was.
        """
        if self.refusal is not None:
            raise self.refusal


def prove(session: Session, name: str, received: Received, *, vault: Vault) -> Proof:
    """Return what the signature of a request proves.

    :raises Unauthorized: there is no such webhook, or the signature does not fit, or is too old.
    :raises Conflict: its secrets can't be opened.
    """
    webhook = find_live(session, name)
    secrets = list_secrets(webhook, vault, received.at) if webhook else []
    kind = webhook.signed_as if webhook and secrets else None
    return verify(name, kind, secrets, received.headers, received.raw, received.at)


def take_request(
    session: Session, name: str, received: Received, proof: Proof, *, sources: RunSources
) -> Taken:
    """Order the run that a proven request stands for, once however often it is sent.

    What was refused is tried again when it comes again: its cause may have been mended.

    :raises NotFound: the webhook is not there any more.
    """
    # One at a time, so that the same request twice at once is one.
    webhook = get_entry(session, Webhook, name)
    session.refresh(webhook, with_for_update=True)
    delivery = _find(session, name, proof.key)
    if delivery is not None and delivery.outcome != DeliveryOutcome.REFUSED:
        return Taken(delivery, is_repeated=True)
    if delivery is None:
        delivery = WebhookDelivery(webhook=name, key=proof.key)
    delivery.receive(received.address, received.at)
    refusal = _carry_out(session, webhook, delivery, received.body, sources)
    session.add(delivery)
    session.flush()
    _prune(session, name, received.at)
    return Taken(delivery, refusal=refusal)


def preview_request(
    session: Session, name: str, body: Mapping[str, Any], *, sources: RunSources
) -> dict[str, Any]:
    """Return what would become of a request with that body: why it is ignored, or its run.

    :raises NotFound: there was never a webhook of that name.
    :raises ServiceError: the order is refused, as `draft_run`.
    """
    webhook = get_entry(session, Webhook, name)
    ignored = _find_reason_to_ignore(webhook, body)
    if ignored is not None:
        return {"outcome": DeliveryOutcome.IGNORED.value, "reason": ignored, "run": None}
    order = make_order(webhook, body, sources)
    run = draft_run(session, _act(session, webhook), order, sources=sources)
    outcome = DeliveryOutcome.ACCEPTED.value
    return {"outcome": outcome, "reason": None, "run": describe_draft(run)}


def make_order(
    webhook: Webhook, body: Mapping[str, Any], sources: RunSources, *, reason: str | None = None
) -> RunOrder:
    """Return the order that a request stands for.

    :raises BadInput: a value is missing, or can't be what it should be.
    :raises Conflict: its secret answers can't be opened.
    """
    mapped = map_values(webhook.list_values(), body)
    chosen = choose(webhook, sources)
    chosen |= mapped.fields
    chosen["answers"] = chosen["answers"] | mapped.answers
    try:
        return RunOrder(template=webhook.template, reason=reason, **chosen)
    except ValidationError as error:
        faults = [
            FieldError(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()
        ]
        raise BadInput(
            f"The request can't be an order: {faults[0].field}: {faults[0].reason}.",
            field_errors=faults,
        ) from error


def note_refusal(session: Session, name: str, why: str, now: datetime) -> None:
    """Note at a webhook that a request had no valid signature."""
    webhook = find_live(session, name)
    if webhook is not None and webhook.may_note_refusal(now):
        webhook.note_refusal(why, now)


def has_to_note(session: Session, name: str, now: datetime) -> bool:
    """Return whether `note_refusal` would note something: strangers may not cost many writes."""
    webhook = find_live(session, name)
    return webhook is not None and webhook.may_note_refusal(now)


def find_live(session: Session, name: str) -> Webhook | None:
    """Return a webhook that is not retired."""
    webhook = session.get(Webhook, name)
    return None if webhook is None or webhook.retired_at is not None else webhook


def list_deliveries(
    session: Session, name: str, outcomes: Sequence[str], page: Page
) -> Sequence[WebhookDelivery]:
    """Return a page of a webhook's deliveries.

    :raises NotFound: there was never a webhook of that name.
    """
    get_entry(session, Webhook, name)
    query = select(WebhookDelivery).where(WebhookDelivery.webhook == name)
    if outcomes:
        query = query.where(WebhookDelivery.outcome.in_(outcomes))
    return read_page(session, WebhookDelivery, query, page)


def _carry_out(
    session: Session,
    webhook: Webhook,
    delivery: WebhookDelivery,
    body: Mapping[str, Any],
    sources: RunSources,
) -> ServiceError | None:
    """Record what becomes of the request; return why it was refused, if it was."""
    ignored = _find_reason_to_ignore(webhook, body)
    if ignored is not None:
        delivery.conclude(DeliveryOutcome.IGNORED, run_id=None, reason=redact(ignored))
        return None
    try:
        order = make_order(
            webhook,
            body,
            sources,
            reason=f"webhook {webhook.webhook}, a request from {delivery.address}",
        )
        run = order_run(session, _act(session, webhook), order, sources=sources)
    except ServiceError as error:
        faults = " ".join(f"{one.field} {one.reason}" for one in error.field_errors[:5])
        why = redact(f"{error.detail} {faults}".strip())
        delivery.conclude(DeliveryOutcome.REFUSED, run_id=None, reason=why)
        return error
    delivery.conclude(DeliveryOutcome.ACCEPTED, run_id=run.id, reason=None)
    return None


def _act(session: Session, webhook: Webhook) -> Actor:
    """Return who orders the runs of a webhook.

    :raises Forbidden: its account is disabled.
    """
    scope = Scope(webhook.scope)
    return act_for(session, webhook.account, Channel.WEBHOOK, scope, token=webhook.token)


def _find_reason_to_ignore(webhook: Webhook, body: Mapping[str, Any]) -> str | None:
    return _PAUSED if webhook.is_paused else find_unmet(webhook.list_conditions(), body)


def _find(session: Session, name: str, key: str | None) -> WebhookDelivery | None:
    if key is None:
        return None
    query = select(WebhookDelivery).where(
        WebhookDelivery.webhook == name, WebhookDelivery.key == key
    )
    return session.scalars(query).one_or_none()


def _prune(session: Session, name: str, now: datetime) -> None:
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.webhook == name, WebhookDelivery.received_at < now - DELIVERIES_KEPT)
        .limit(_MOST_PRUNED)
    )
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(old)))
