# SPDX-License-Identifier: Apache-2.0
"""The worker keeps the messages of chat up to date, beside the runs, and logs no secret."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.chat.platforms import make_platforms
from inventory_service.chat.usecases.outbox import seal_reply
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault, make_key
from inventory_service.logs import set_up_logs
from inventory_service.settings import Settings
from inventory_service.worker.messenger import Messenger
from tests.service.chat.chats import CHANNEL, CHATS, TEAM, Server, make_settings, serving
from tests.service.notifications.ended_runs import Fleet

PLATFORMS = pytest.mark.parametrize("name", CHATS)


@pytest.fixture
def platform() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def settings(database_url: str, tmp_path: Path, platform: Server) -> Settings:
    make_key(tmp_path / "secret.key")
    return Settings(
        database_url=database_url,
        secret_key_file=tmp_path / "secret.key",
        **make_settings(tmp_path, platform),
    )


@pytest.fixture
def fleet(store: Database, settings: Settings) -> Fleet:
    return Fleet(store, settings)


def open_messenger(fleet: Fleet, name: str) -> Messenger:
    return Messenger(fleet.store, fleet.settings, make_platforms(fleet.settings).known[name])


def follow(fleet: Fleet, name: str, platform: Server) -> int:
    """Order a run that a message follows; return the run's id."""
    run_id = fleet.order()
    sender = Sender(name, TEAM, "U1", CHANNEL)
    url = f"{platform.url}/hooks/commands/sentinel-path"
    with fleet.store.writing() as session:
        sealed = seal_reply(fleet.vault, url)
        ChatMessage.follow(session, sender, run_id, way=Way.POST, sealed_reply=sealed)
    return run_id


def make_due(fleet: Fleet) -> None:
    """Let the pause between two changes be over."""
    with fleet.store.writing() as session:
        for one in session.scalars(select(ChatMessage)):
            one.due_at = datetime.now(UTC)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@PLATFORMS
def test_a_message_is_written_changed_and_ended(fleet: Fleet, platform: Server, name: str) -> None:
    run_id = follow(fleet, name, platform)
    messenger = open_messenger(fleet, name)
    assert messenger.turn() == 1
    [(post_id, written)] = platform.posts.items()
    assert "running" in written.words
    assert set(CHATS[name].buttons(written.body)) == {"Cancel"}
    assert messenger.turn() == 0
    fleet.end(run_id)
    # Not more often than platforms allow.
    assert messenger.turn() == 0
    make_due(fleet)
    assert messenger.turn() == 1
    assert [*platform.posts] == [post_id]
    ended = platform.posts[post_id]
    assert "failed" in ended.words
    assert f"https://qm.example/api/v1/runs/{run_id}" in ended.words
    assert CHATS[name].buttons(ended.body) == {}
    make_due(fleet)
    assert messenger.turn() == 0


def test_a_bot_that_may_not_write_leaves_it_to_replies(fleet: Fleet, platform: Server) -> None:
    run_id = follow(fleet, "slack", platform)
    platform.faults.append((200, b'{"ok": false, "error": "not_in_channel"}'))
    messenger = open_messenger(fleet, "slack")
    assert [messenger.turn(), messenger.turn()] == [1, 1]
    fleet.end(run_id)
    make_due(fleet)
    assert messenger.turn() == 1
    assert [one.body["response_type"] for one in platform.replies] == ["in_channel"] * 2
    assert "failed" in platform.replies[-1].words


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((500, b"sentinel"), "answers with 500"),
        ((302, b"sentinel"), "answers with 302"),
        ((200, b"sentinel"), "no JSON"),
    ],
)
def test_a_failure_says_why_and_logs_no_secret(
    fleet: Fleet, platform: Server, fault: tuple[int, bytes], reason: str
) -> None:
    follow(fleet, "slack", platform)
    platform.faults.append(fault)
    # Other tests have left their own level.
    set_up_logs("info")
    with capture_logs() as logs:
        open_messenger(fleet, "slack").turn()
    with fleet.store.reading() as session:
        [one] = session.scalars(select(ChatMessage))
        assert reason in str(one.last_error)
        assert one.ended_at is None
        assert "sentinel" not in str(one.sealed_reply)
    assert [one["event"] for one in logs] == ["message of chat not sent"]
    assert "sentinel" not in repr(logs)


def test_a_secret_that_is_not_there_is_no_end(fleet: Fleet, platform: Server) -> None:
    follow(fleet, "slack", platform)
    path = fleet.settings.slack_bot_token_file
    messenger = open_messenger(fleet, "slack")
    assert path is not None
    text = path.read_text("utf-8")
    path.write_text("", "utf-8")
    messenger.turn()
    assert platform.heard == []
    path.write_text(text, "utf-8")
    make_due(fleet)
    messenger.turn()
    assert len(platform.posts) == 1


def test_a_platform_of_ones_own_network_must_be_allowed(fleet: Fleet, platform: Server) -> None:
    follow(fleet, "slack", platform)
    forbidden = fleet.settings.model_copy(update={"notify_allow": ""})
    Messenger(fleet.store, forbidden, make_platforms(forbidden).known["slack"]).turn()
    assert platform.heard == []
    with fleet.store.reading() as session:
        [one] = session.scalars(select(ChatMessage))
        assert "QM_NOTIFY_ALLOW" in str(one.last_error)


def test_an_idle_messenger_takes_no_write_lock(
    fleet: Fleet, platform: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(fleet, "slack", platform)
    messenger = open_messenger(fleet, "slack")
    messenger.turn()
    make_due(fleet)

    def refuse() -> None:
        raise AssertionError("it writes")

    monkeypatch.setattr(fleet.store, "writing", refuse)
    assert messenger.turn() == 0
    assert open_messenger(fleet, "mattermost").turn() == 0


def test_it_works_in_a_thread_until_it_is_stopped(fleet: Fleet, platform: Server) -> None:
    messenger = open_messenger(fleet, "slack")
    messenger.start()
    sender = Sender("slack", TEAM, "U1", CHANNEL)
    with fleet.store.writing() as session:
        vault = Vault(fleet.settings.secret_key_path)
        sealed = vault.seal({"url": f"{platform.url}/hooks/commands/1"})
        ChatMessage.answer(session, sender, Message("hello"), sealed_reply=sealed)
    wait_for(lambda: platform.replies)
    messenger.stop()
    assert "chat-slack" not in {thread.name for thread in threading.enumerate()}
