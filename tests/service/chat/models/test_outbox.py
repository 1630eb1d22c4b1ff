# SPDX-License-Identifier: Apache-2.0
"""A message goes its way: taken, shown, changed, given up."""

from datetime import UTC, datetime, timedelta

from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import HOLD, PAUSE, Seen, Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.core.database.engine import Database

SENDER = Sender("slack", "T1", "U1", "C1")
SOON = timedelta(seconds=5)


def test_a_message_goes_its_way(store: Database) -> None:
    with store.writing() as session:
        one = ChatMessage.answer(session, SENDER, Message("hello"), sealed_reply="sealed")
        now = datetime.now(UTC)
        one.take()
        assert one.attempts == 1
        assert abs(one.due_at - now - HOLD) < SOON
        one.miss("no answer in time")
        assert one.ended_at is None
        assert one.last_error == "no answer in time"
        assert timedelta() < one.due_at - now < SOON * 2
        one.take()
        one.arrive("f" * 64, "p1", Seen("running", None, 3, 4), is_last=False)
        assert (one.attempts, one.last_error, one.post_id) == (0, None, "p1")
        assert (one.seen_state, one.seen_revision, one.seen_events) == ("running", 3, 4)
        assert abs(one.due_at - now - PAUSE) < SOON
        one.arrive("e" * 64, None, None, is_last=True)
        assert one.post_id == "p1"
        assert one.ended_at is not None
        one.reopen()
        assert (one.ended_at, one.shown) == (None, None)


def test_a_message_is_given_up(store: Database) -> None:
    with store.writing() as session:
        one = ChatMessage.answer(session, SENDER, Message("hello"), sealed_reply="sealed")
        for _ in range(10):
            assert one.ended_at is None
            one.take()
            one.miss("x" * 300)
        assert one.ended_at is not None
        assert one.last_error == "x" * 255


def test_a_message_comes_as_a_reply_where_the_bot_is_barred(store: Database) -> None:
    with store.writing() as session:
        one = ChatMessage.answer(session, SENDER, Message("hello"), sealed_reply="sealed")
        one.way = Way.POST.value
        one.take()
        one.turn_to_reply("not_in_channel")
        assert (one.way, one.attempts, one.ended_at) == ("reply", 0, None)
