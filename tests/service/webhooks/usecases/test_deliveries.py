# SPDX-License-Identifier: Apache-2.0
"""A request is believed, carried out once, and what became of it can be read."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Forbidden, Unauthorized
from inventory_service.core.pagination import Page, SortKey
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import get_entry, retire_entry
from inventory_service.identity.usecases.accounts import disable_account
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.orders import get_run
from inventory_service.webhooks.domain.signatures import WebhookKind
from inventory_service.webhooks.domain.webhooks import WebhookRegistration
from inventory_service.webhooks.models.deliveries import WebhookDelivery
from inventory_service.webhooks.models.webhooks import Webhook
from inventory_service.webhooks.usecases.deliveries import (
    has_to_note,
    list_deliveries,
    note_refusal,
    preview_request,
    prove,
)
from inventory_service.webhooks.usecases.webhooks import register_webhook
from tests.service.conftest import provide_accounts
from tests.service.run_rows import ADMIN
from tests.service.webhook_rows import BODY, NOW, Webhooks

PAGE = Page((SortKey("id"),), 100)
OTHER = Actor("olga", Channel.CLI, Scope.ADMIN)
ON_RELEASE = [{"pointer": "/action", "one_of": ["released"]}]


def count_runs(store: Database) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(Run)) or 0


def test_a_request_orders_the_run_that_is_declared(webhooks: Webhooks, store: Database) -> None:
    webhooks.add(limit="web-1", tags=["a"], check=True, answers={"pin": "1"})
    taken = webhooks.send(BODY | {"limit": "all", "extra_vars": {"ansible_user": "root"}})
    delivery = taken.delivery
    assert (delivery.outcome, delivery.address, taken.is_repeated) == (
        "accepted",
        "192.0.2.7",
        False,
    )
    with store.reading() as session:
        run = get_run(session, delivery.run_id or 0)
        assert (run.hosts, run.options["tags"], run.options["check"]) == (["web-1"], ["a"], True)
        assert run.answers == {"version": "v1.2", "pin": "(hidden)"}
        assert (run.requested_by, run.door) == ("ann", "webhook")


@pytest.mark.parametrize("kind", list(WebhookKind))
def test_the_same_request_again_is_the_same_run(
    webhooks: Webhooks, store: Database, kind: WebhookKind
) -> None:
    webhooks.kind = kind
    webhooks.add()
    first, second = webhooks.send(), webhooks.send()
    assert second.is_repeated
    assert second.delivery.as_dict() == first.delivery.as_dict()
    assert count_runs(store) == 1


def test_two_webhooks_are_not_one(webhooks: Webhooks, store: Database) -> None:
    for name in ("deploy", "other"):
        webhooks.add(name)
        webhooks.send(name=name)
    assert count_runs(store) == 2


def test_what_does_not_fulfil_the_conditions_is_ignored_with_its_reason(
    webhooks: Webhooks, store: Database
) -> None:
    webhooks.add(conditions=ON_RELEASE)
    ignored = webhooks.send(BODY | {"action": "edited"}).delivery
    assert (ignored.outcome, ignored.reason) == ("ignored", "/action is 'edited'")
    assert webhooks.send(BODY | {"action": "released"}, delivery="2").delivery.run_id
    webhooks.change(is_paused=True)
    paused = webhooks.send(BODY | {"action": "released"}, delivery="3").delivery
    assert (paused.outcome, paused.reason) == ("ignored", "the webhook is paused")
    assert count_runs(store) == 1


#: A body that is refused, a part of the reason.
REFUSED: list[tuple[Any, str]] = [
    ({}, "answers.version is required"),
    ({"ref": 7}, "answers.version"),
    ({"ref": "x" * 99}, "answers.version"),
    ({"ref": "\x00"}, "control character"),
    ({"ref": "v1", "limit": "-all"}, "limit"),
    ({"ref": "v1", "limit": ["web-1"]}, "limit"),
    ({"ref": "v1", "limit": "nope"}, "nope"),
    ({"ref": "v1", "tags": ["--x"]}, "must be a tag"),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_started(
    webhooks: Webhooks, store: Database, body: Any, reason: str
) -> None:
    more = [
        {"field": name, "pointer": f"/{name}", "is_required": False} for name in ("limit", "tags")
    ]
    webhooks.add(values=[{"field": "answers.version", "pointer": "/ref"}, *more])
    taken = webhooks.send(body)
    assert isinstance(taken.refusal, BadInput)
    assert taken.delivery.outcome == "refused"
    assert reason in (taken.delivery.reason or "")
    assert count_runs(store) == 0


def test_a_secret_of_a_request_is_in_no_row(webhooks: Webhooks, store: Database) -> None:
    webhooks.add(values=[{"field": "answers.pin", "pointer": "/pin"}], answers={"version": "1"})
    assert webhooks.send({"pin": "sentinel", "other": "sentinel"}).delivery.run_id
    assert webhooks.send({"pin": ["sentinel"]}, delivery="2").refusal is not None
    with store.reading() as session:
        rows = session.execute(select(WebhookDelivery.__table__)).all()
        assert "sentinel" not in str(rows)
        assert "sentinel" not in str([run.as_dict() for run in session.scalars(select(Run))])


def test_what_was_refused_is_tried_again(webhooks: Webhooks, store: Database) -> None:
    webhooks.add(limit="web-*")
    body = {"ref": "x" * 30}
    assert webhooks.send(body).refusal is not None
    webhooks.change(
        values=[{"field": "answers.version", "pointer": "/ref", "remove_prefix": "x" * 20}]
    )
    again = webhooks.send(body)
    assert (again.delivery.outcome, again.delivery.reason) == ("accepted", None)
    assert count_runs(store) == 1
    with store.reading() as session:
        assert len(list_deliveries(session, "deploy", [], PAGE)) == 1


def test_nobody_is_believed_without_the_secret(webhooks: Webhooks, store: Database) -> None:
    webhooks.add()
    wanted = WebhookRegistration(
        webhook="bare", template="deploy", kind="standard", answers={"version": "1"}
    )
    with store.writing() as session:
        register_webhook(session, ADMIN, wanted, sources=webhooks.sources)
    received = webhooks.receive()
    with store.reading() as session:
        for name in ("bare", "none"):
            with pytest.raises(Unauthorized, match="or there is no such webhook"):
                prove(session, name, received, vault=webhooks.vault)
    with store.writing() as session:
        retire_entry(session, ADMIN, Webhook, "deploy", RetirementRequest())
    with store.reading() as session, pytest.raises(Unauthorized):
        prove(session, "deploy", received, vault=webhooks.vault)


def test_a_former_secret_is_good_while_it_overlaps(webhooks: Webhooks) -> None:
    webhooks.add()
    first = webhooks.secrets["deploy"]
    webhooks.make_secret(overlap_s=3600)
    with webhooks.store.reading() as session:
        made_at = get_entry(session, Webhook, "deploy").secret_made_at
    assert made_at is not None
    assert webhooks.send(secret=first, now=made_at).delivery.run_id
    with pytest.raises(Unauthorized):
        webhooks.send(secret=first, now=made_at + timedelta(seconds=3600), delivery="2")


def test_a_preview_says_what_would_become_of_a_request(webhooks: Webhooks, store: Database) -> None:
    webhooks.add(conditions=ON_RELEASE, limit="web-*")
    with store.reading() as session:
        ignored = preview_request(session, "deploy", BODY, sources=webhooks.sources)
        assert ignored == {"outcome": "ignored", "reason": "/action is not there", "run": None}
        body = BODY | {"action": "released"}
        found = preview_request(session, "deploy", body, sources=webhooks.sources)
        assert found["outcome"] == "accepted"
        assert found["run"]["hosts"] == ["web-1", "web-2"]
        with pytest.raises(BadInput):
            preview_request(session, "deploy", {"action": "released"}, sources=webhooks.sources)
    assert count_runs(store) == 0


def test_a_wrong_signature_is_noted_once_a_minute(webhooks: Webhooks, store: Database) -> None:
    webhooks.add()
    for second, why in ((0, "first"), (59, "second"), (60, "third")):
        now = NOW + timedelta(seconds=second)
        with store.writing() as session:
            is_noted = has_to_note(session, "deploy", now)
            note_refusal(session, "deploy", why, now)
            found = get_entry(session, Webhook, "deploy").refusal
            assert (found == why) == is_noted == (second != 59)
            note_refusal(session, "none", why, now)
            assert not has_to_note(session, "none", now)


def test_deliveries_are_forgotten_after_their_time(webhooks: Webhooks, store: Database) -> None:
    webhooks.add()
    webhooks.send(delivery="old", now=NOW - timedelta(days=30, seconds=1))
    webhooks.send(delivery="kept", now=NOW - timedelta(days=29))
    webhooks.send(delivery="new")
    with store.reading() as session:
        found = list_deliveries(session, "deploy", [], PAGE)
        assert [one.received_at for one in found] == [NOW - timedelta(days=29), NOW]
        assert list_deliveries(session, "deploy", ["refused"], PAGE) == []


def test_a_disabled_account_orders_nothing(webhooks: Webhooks, store: Database) -> None:
    webhooks.add()
    with store.writing() as session:
        provide_accounts(session, OTHER)
        disable_account(session, OTHER, ADMIN.account, None)
    taken = webhooks.send()
    assert isinstance(taken.refusal, Forbidden)
    assert "disabled" in (taken.delivery.reason or "")
    assert count_runs(store) == 0
