# SPDX-License-Identifier: Apache-2.0
"""What is to be sent is found, given to one worker, and its outcome recorded by that one alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.platforms import Heard
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.chat.usecases.outbox import (
    TakenMessage,
    has_work,
    record_outcome,
    seal_reply,
    take_messages,
)
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault, make_key
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.queries import list_slices
from inventory_service.runs.usecases.orders import cancel_run
from inventory_service.runs.usecases.slices import settle
from tests.service.approvals.plan_rows import ANNA, add_template, apply, make_plan
from tests.service.conftest import provide_accounts
from tests.service.run_rows import OPERATOR, order, start
from tests.service.run_rows import add_template as add_plain

SENDER = Sender("slack", "T1", "U1", "C1")
URL = "https://hooks.slack.com/sentinel"
LINK = "https://qm.example"
COUNTS = ("ok", "failed", "unreachable", "skipped", "rescued", "ignored")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    make_key(tmp_path / "key")
    return Vault(tmp_path / "key")


@pytest.fixture
def take(store: Database, vault: Vault) -> Callable[[], list[TakenMessage]]:
    def take() -> list[TakenMessage]:
        with store.reading() as session:
            expected = has_work(session, "slack", link_url=LINK)
        with store.writing() as session:
            taken = take_messages(session, vault, "slack", link_url=LINK, limit=9)
        assert expected or not taken
        return taken

    return take


@pytest.fixture
def run_id(store: Database) -> int:
    with store.writing() as session:
        provide_accounts(session, ANNA)
        add_template(session, approvals_needed=1)
        return apply(session, make_plan(session)).id


def record(store: Database, taken: TakenMessage, heard: Heard) -> None:
    with store.writing() as session:
        record_outcome(session, taken, heard)
        # A pause between changes would only be waited for.
        session.get_one(ChatMessage, taken.id).due_at = datetime.now(UTC)


def follow(store: Database, vault: Vault, run_id: int, way: Way = Way.POST) -> int:
    with store.writing() as session:
        sealed = seal_reply(vault, URL)
        return ChatMessage.follow(session, SENDER, run_id, way=way, sealed_reply=sealed).id


def get(store: Database, number: int) -> ChatMessage:
    with store.writing() as session:
        return session.get_one(ChatMessage, number)


def test_a_message_follows_its_run_to_the_end(
    store: Database, vault: Vault, run_id: int, take: Callable[[], list[TakenMessage]]
) -> None:
    one = follow(store, vault, run_id)
    [first] = take()
    assert (first.way, first.post_id, first.is_last) == (Way.POST, None, False)
    assert "sentinel" not in repr(first)
    # Another worker gets nothing meanwhile.
    assert take() == []
    record(store, first, Heard(post_id="p1"))
    assert take() == []
    with store.writing() as session:
        cancel_run(session, ANNA, run_id, None)
    [last] = take()
    assert (last.post_id, last.is_last) == ("p1", True)
    assert last.message.title.endswith("cancelled")
    record(store, last, Heard(post_id="p1"))
    assert get(store, one).ended_at is not None
    assert take() == []


def test_who_lost_a_message_records_nothing(
    store: Database, vault: Vault, run_id: int, take: Callable[[], list[TakenMessage]]
) -> None:
    """A worker that is killed, and one that was only slow."""
    one = follow(store, vault, run_id)
    [slow] = take()
    with store.writing() as session:
        session.get_one(ChatMessage, one).due_at = datetime.now(UTC)
    [again] = take()
    assert again.attempt == 2
    record(store, slow, Heard(post_id="slow"))
    assert get(store, one).post_id is None
    record(store, again, Heard(post_id="p1"))
    assert get(store, one).post_id == "p1"


def test_where_the_bot_is_barred_a_reply_comes(
    store: Database, vault: Vault, run_id: int, take: Callable[[], list[TakenMessage]]
) -> None:
    one = follow(store, vault, run_id)
    [first] = take()
    record(store, first, Heard(error="not_in_channel", is_barred=True))
    [reply] = take()
    assert (reply.way, reply.reply_url) == (Way.REPLY, URL)
    record(store, reply, Heard())
    assert take() == []
    with store.writing() as session:
        cancel_run(session, ANNA, run_id, None)
    [last] = take()
    record(store, last, Heard(error="gone", is_barred=True))
    assert get(store, one).last_error == "gone"
    assert get(store, one).ended_at is not None


def test_replies_are_given_up_after_half_an_hour(
    store: Database, vault: Vault, run_id: int, take: Callable[[], list[TakenMessage]]
) -> None:
    one = follow(store, vault, run_id, Way.REPLY)
    with store.writing() as session:
        two = ChatMessage.answer(
            session, SENDER, Message("hello"), sealed_reply=str(seal_reply(vault, URL))
        ).id
        for number in (one, two):
            created_at = datetime.now(UTC) - timedelta(minutes=30)
            session.get_one(ChatMessage, number).created_at = created_at
    assert take() == []
    assert {str(get(store, number).last_error) for number in (one, two)} == {
        "given up: replies are taken for half an hour"
    }


def test_what_another_key_sealed_is_given_up(
    store: Database, vault: Vault, take: Callable[[], list[TakenMessage]]
) -> None:
    with store.writing() as session:
        one = ChatMessage.answer(session, SENDER, Message("hello"), sealed_reply="x").id
        two = ChatMessage.answer(
            session, SENDER, Message("hello"), sealed_reply=str(seal_reply(vault, URL))
        ).id
    assert [taken.id for taken in take()] == [two]
    assert "QM_SECRET_KEY_FILE" in str(get(store, one).last_error)


def test_rows_are_kept_for_a_week(
    store: Database, vault: Vault, take: Callable[[], list[TakenMessage]]
) -> None:
    ids = []
    with store.writing() as session:
        for days in (6, 8):
            one = ChatMessage.answer(session, SENDER, Message("x"), sealed_reply="x")
            one.ended_at = datetime.now(UTC) - timedelta(days=days)
            ids.append(one.id)
        sealed = str(seal_reply(vault, URL))
        ChatMessage.answer(session, SENDER, Message("y"), sealed_reply=sealed)
    take()
    with store.reading() as session:
        assert [session.get(ChatMessage, number) is None for number in ids] == [False, True]


def test_a_sliced_run_is_one_message(
    store: Database, vault: Vault, take: Callable[[], list[TakenMessage]]
) -> None:
    with store.writing() as session:
        provide_accounts(session, OPERATOR)
        add_plain(session, "sliced", slices=2, force_slices=True)
        run = order(session, "sliced", limit="web-1,web-2")
    follow(store, vault, run.id)
    with store.writing() as session:
        start(session)
        for part in list_slices(session, run.id):
            part.count(events=1, missing=0, results={"changed": 1, "ok": 1})
            counts = dict.fromkeys(COUNTS, 0) | {"changed": 1}
            session.add(HostResult(run_id=part.id, host=part.hosts[0], **counts))
    [first] = take()
    assert dict(first.message.fields)["Results"] == "2 ok, 2 changed"
    record(store, first, Heard(post_id="p1"))
    with store.writing() as session:
        parts = list_slices(session, run.id)
        parts[0].count(events=2, missing=0, results={"changed": 1, "ok": 1, "failed": 1})
    # Its own row is as it was.
    [second] = take()
    assert dict(second.message.fields)["Results"] == "2 ok, 2 changed, 1 failed"
    record(store, second, Heard(post_id="p1"))
    with store.writing() as session:
        start(session)
        for part in list_slices(session, run.id):
            part.end(RunState.SUCCESSFUL, None, actor=ANNA)
            settle(session, part, ANNA)
    [last] = take()
    assert (last.is_last, dict(last.message.fields)["Changed hosts"]) == (True, "web-1, web-2")
