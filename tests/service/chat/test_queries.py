# SPDX-License-Identifier: Apache-2.0
"""Messages are due when their runs have changed, and only then."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.run_messages import RunView, make_run_message
from inventory_service.chat.domain.updates import Seen, Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.chat.queries import find_message, list_due, view_run
from inventory_service.core.database.engine import Database
from inventory_service.runs.models.reports import HostResult, TaskResult
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.orders import cancel_run, get_run
from tests.service.approvals.plan_rows import ANNA, add_template, apply, make_plan
from tests.service.conftest import provide_accounts

SENDER = Sender("slack", "T1", "U1", "C1")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def run_id(store: Database) -> int:
    """A run of Anna that waits for an approval of its plan."""
    with store.writing() as session:
        provide_accounts(session, ANNA)
        add_template(session, approvals_needed=1)
        plan = make_plan(session)
        task = {"play": "p", "started_at": START, "failed": 0, "unreachable": 0, "skipped": 0}
        session.add(TaskResult(run_id=plan.id, number=1, task="Same", ok=2, changed=0, **task))
        session.add(TaskResult(run_id=plan.id, number=2, task="New", ok=2, changed=2, **task))
        return apply(session, plan).id


def follow(store: Database, run_id: int, way: Way = Way.POST, *, shown: bool = True) -> int:
    """Have a message follow a run; it is shown as the run is now."""
    with store.writing() as session:
        one = ChatMessage.follow(session, SENDER, run_id, way=way, sealed_reply=None)
        run = get_run(session, run_id)
        if shown:
            seen = Seen(run.state, run.state_reason, run.revision, run.event_count)
            one.arrive("f" * 64, "p1", seen, is_last=False)
            one.due_at = START
        return one.id


def look(session: Session, run_id: int) -> RunView:
    run = get_run(session, run_id)
    link_url = "https://qm.example"
    return view_run(session, run, link_url, parts=[run_id], results=run.results)


def find_due(store: Database, platform: str = "slack") -> list[int]:
    with store.reading() as session:
        return [one.id for one in list_due(session, platform, datetime.now(UTC), limit=9)]


def test_a_message_that_is_not_shown_is_due(store: Database, run_id: int) -> None:
    one = follow(store, run_id, shown=False)
    assert find_due(store) == [one]
    assert find_due(store, "mattermost") == []


@pytest.mark.parametrize(
    "change",
    [
        {"state": "queued"},
        {"state_reason": None},
        {"state_reason": "another"},
        {"event_count": 1},
        {"revision": 10_000},
    ],
)
def test_a_message_is_due_when_its_run_has_changed(
    store: Database, run_id: int, change: dict[str, object]
) -> None:
    one = follow(store, run_id)
    assert find_due(store) == []
    with store.writing() as session:
        for name, value in change.items():
            setattr(session.get_one(Run, run_id), name, value)
    assert find_due(store) == [one]


def test_a_reply_is_due_at_the_end_only(store: Database, run_id: int) -> None:
    one = follow(store, run_id, Way.REPLY)
    with store.writing() as session:
        session.get_one(Run, run_id).event_count = 5
    assert find_due(store) == []
    with store.writing() as session:
        cancel_run(session, ANNA, run_id, None)
    assert find_due(store) == [one]


def test_a_message_is_found_by_what_the_platform_says(store: Database, run_id: int) -> None:
    one = follow(store, run_id)
    with store.reading() as session:
        found = find_message(session, SENDER, "p1")
        assert found is not None
        assert found.id == one
        assert find_message(session, Sender("slack", "T1", "U1", "C2"), "p1") is None
        assert find_message(session, Sender("mattermost", "T1", "U1", "C1"), "p1") is None


def test_who_approves_sees_which_tasks_change_something(store: Database, run_id: int) -> None:
    with store.reading() as session:
        view = look(session, run_id)
        assert view.planned == ["New: on 2 hosts"]
        assert view.link == f"https://qm.example/api/v1/runs/{run_id}"
        plan = look(session, run_id - 1)
        assert plan.application == run_id


def test_an_ended_run_names_what_it_changed_and_no_token(store: Database, run_id: int) -> None:
    token = "qm_0123456789ab_" + "A" * 43
    with store.writing() as session:
        counts = dict.fromkeys(("ok", "failed", "unreachable", "skipped", "rescued", "ignored"), 0)
        for number in range(12):
            session.add(HostResult(run_id=run_id, host=f"h{number:02}", changed=1, **counts))
        session.add(HostResult(run_id=run_id, host="same", changed=0, **counts))
        cancel_run(session, ANNA, run_id, f"for {token}")
        get_run(session, run_id).count(events=1, missing=0, results={"changed": 12})
    with store.reading() as session:
        message = make_run_message(look(session, run_id))
    fields = dict(message.fields)
    assert fields["Changed hosts"].startswith("h00, h01")
    assert fields["Changed hosts"].endswith("h09 and 2 more")
    assert "A" * 43 not in repr(message)
