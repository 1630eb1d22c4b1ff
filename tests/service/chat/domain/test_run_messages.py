# SPDX-License-Identifier: Apache-2.0
"""The message about a run says how far it is, how it ended, and what can be done now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.chat.domain.messages import Act
from inventory_service.chat.domain.run_messages import (
    RunView,
    list_buttons,
    make_run_message,
    name_hosts,
    show_duration,
)
from inventory_service.runs.domain.states import ENDED, RunState

START = datetime(2026, 1, 1, tzinfo=UTC)
RUN = RunView(
    id=12,
    template="site",
    state=RunState.RUNNING,
    state_reason=None,
    limit="web-*",
    host_count=3,
    results={},
    requested_by="ada",
    reason="release",
    is_check=False,
    is_plan=False,
    digest=None,
    changes=None,
    approvals_needed=0,
    approvals_given=0,
    expires_at=None,
    started_at=START,
    ended_at=None,
    link="https://qm.example/api/v1/runs/12",
)
ENDED_RUN = replace(
    RUN,
    state=RunState.FAILED,
    state_reason="failed on web-2",
    results={"ok": 2, "changed": 1, "failed": 1, "unreachable": 0},
    ended_at=START + timedelta(seconds=75),
    changed_hosts=["web-1"],
    changed_count=1,
)
PLAN = replace(
    RUN,
    state=RunState.SUCCESSFUL,
    is_plan=True,
    digest="abcdef" * 11,
    changes=4,
    planned=["Install x: on 2 hosts"],
)
WAITING = replace(
    RUN,
    state=RunState.AWAITING_APPROVAL,
    digest="d" * 64,
    changes=4,
    approvals_needed=2,
    approvals_given=1,
    expires_at=START,
    started_at=None,
)


def test_a_live_run_says_how_far_it_is() -> None:
    message = make_run_message(replace(RUN, task="Install x", task_count=5))
    assert message.title == "Run 12 of site: running"
    assert message.is_public
    fields = dict(message.fields)
    assert fields["Hosts"] == "3, limit web-*"
    assert fields["Requested by"] == "ada: release"
    assert fields["Task"] == "5: Install x"
    assert "Duration" not in fields


def test_an_ended_run_says_outcome_duration_and_changed_hosts() -> None:
    message = make_run_message(ENDED_RUN)
    assert dict(message.fields) == {
        "State": "failed",
        "Hosts": "3, limit web-*",
        "Why": "failed on web-2",
        "Requested by": "ada: release",
        "Results": "2 ok, 1 changed, 1 failed",
        "Changed hosts": "web-1",
        "Duration": "1 min 15 s",
    }
    assert message.link == RUN.link


def test_who_decides_sees_what_would_change() -> None:
    plan, waiting = make_run_message(PLAN), make_run_message(WAITING)
    assert plan.title == "Run 12 of site (plan): successful"
    assert plan.text == "What it would change:\n• Install x: on 2 hosts"
    assert dict(plan.fields)["Plan"] == "4 changes, digest abcdefabcdef"
    assert dict(waiting.fields)["Approvals"] == "1 of 2, until 2026-01-01 00:00 UTC"


@pytest.mark.parametrize(
    ("run", "acts"),
    [
        (RUN, [Act.CANCEL]),
        (replace(RUN, state=RunState.BLOCKED), [Act.CANCEL]),
        (replace(RUN, state=RunState.CANCELLING), []),
        (WAITING, [Act.APPROVE, Act.REJECT, Act.CANCEL]),
        (PLAN, [Act.APPLY]),
        (replace(PLAN, application=13), []),
        (replace(PLAN, changes=0), []),
        (replace(PLAN, digest=None), []),
        (replace(PLAN, state=RunState.FAILED), []),
        *((replace(RUN, state=state), []) for state in sorted(ENDED)),
    ],
)
def test_buttons_do_what_can_be_done_now(run: RunView, acts: list[Act]) -> None:
    buttons = list_buttons(run)
    assert [one.act for one in buttons] == acts
    for one in buttons:
        decides = one.act in {Act.APPROVE, Act.REJECT, Act.APPLY}
        assert one.digest == (run.digest if decides else None)


def test_many_hosts_are_counted() -> None:
    assert name_hosts(["a", "b"], 2) == "a, b"
    assert name_hosts([*"abcdefghij"], 14).endswith("j and 4 more")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3600, "1 h 0 min"), (-5, "0 s")],
)
def test_a_duration_is_readable(seconds: float, text: str) -> None:
    assert show_duration(START, START + timedelta(seconds=seconds)) == text
