# SPDX-License-Identifier: Apache-2.0
"""Runs are ordered once, followed from any event on, and waited for."""

import threading
import zlib
from typing import Any

import pytest

from inventory_service.client import (
    BadInput,
    Client,
    Conflict,
    NotFound,
    RunUnfinished,
    RunUnsuccessful,
)
from inventory_service.runs.domain.states import RunState
from tests.service.client.conftest import ONE_DATABASE
from tests.service.runs.routes.conftest import Recorder, make_play

pytestmark = ONE_DATABASE


def finish(recorder: Recorder, run_id: int, state: RunState, *, failed: str | None = None) -> None:
    """Do what a worker and a supervisor would."""
    recorder.begin(run_id)
    recorder.add(run_id, make_play(failed=failed))
    recorder.end(run_id, state, log=[zlib.compress(b"line 1\n")])


def test_an_order_has_all_that_was_wanted(fleet: Client) -> None:
    survey = {"type": "object", "properties": {"version": {"type": "string"}}}
    fleet.templates.change("shop", survey=survey)
    wanted: dict[str, Any] = {"tags": ["a"], "skip_tags": ["b"], "check": True, "diff": True}
    answers = {"version": "1.4"}
    preview = fleet.runs.preview("shop", limit="web-1", answers=answers, **wanted)
    run = fleet.runs.order("shop", limit="web-1", answers=answers, reason="a test", **wanted)
    assert (run["state"], run["reason"], run["door"]) == ("queued", "a test", "api")
    for field in ("template", "limit", "host_count", "options", "answers"):
        assert run[field] == preview[field]
    assert run["options"] | wanted == run["options"]
    assert fleet.runs.get(run["id"])["hosts"] == preview["hosts"] == ["web-1"]
    plan = fleet.runs.order("shop", plan=True)
    assert plan["is_plan"]
    found = fleet.runs.iterate(template=["shop"], state=["queued", "blocked"], limit=5)
    assert [one["id"] for one in found] == [plan["id"], run["id"]]
    assert not list(fleet.runs.iterate(state=["failed"]))


def test_an_order_with_a_key_of_ones_own_is_one_order(fleet: Client) -> None:
    first, again = (fleet.runs.order("shop", key="night-12") for _ in range(2))
    other = fleet.runs.order("shop")
    assert first["id"] == again["id"] != other["id"]


def test_what_this_release_does_not_name_is_sent_and_judged_by_the_service(fleet: Client) -> None:
    with pytest.raises(BadInput, match="colour"):
        fleet.runs.order("shop", colour="red")


def test_a_run_is_followed_from_any_event_on(fleet: Client, recorder: Recorder) -> None:
    run = fleet.runs.order("shop")["id"]
    finish(recorder, run, RunState.SUCCESSFUL)
    events = list(fleet.runs.follow(run))
    assert [event["counter"] for event in events] == [1, 2, 3, 4]
    assert list(fleet.runs.follow(run, after=events[1]["counter"])) == events[2:]
    (progress,) = fleet.runs.watch(run, after=3)
    assert (progress.events, progress.cursor, progress.is_complete) == (events[3:], 4, True)
    assert progress.run["state"] == "successful"


def test_a_run_that_is_waited_for_comes_back_as_it_ended(fleet: Client, recorder: Recorder) -> None:
    run = fleet.runs.order("shop")["id"]
    waiting = threading.Thread(target=finish, args=(recorder, run, RunState.FAILED))
    waiting.start()
    ended = fleet.runs.wait(run, timeout_s=30)
    waiting.join()
    assert (ended["id"], ended["state"]) == (run, "failed")
    with pytest.raises(RunUnsuccessful, match=f"run {run} .shop. is failed: the reason") as caught:
        fleet.runs.wait(run, must_succeed=True)
    assert caught.value.run == ended
    assert f"qm run log {run}" in caught.value.next_step


def test_a_run_that_succeeds_is_no_exception(fleet: Client, recorder: Recorder) -> None:
    run = fleet.runs.order("shop")["id"]
    finish(recorder, run, RunState.SUCCESSFUL)
    assert fleet.runs.wait(run, must_succeed=True)["state"] == "successful"


def test_waiting_ends_at_its_time_and_the_run_goes_on(fleet: Client) -> None:
    run = fleet.runs.order("shop")["id"]
    with pytest.raises(RunUnfinished, match=f"run {run} is still queued after 0 s") as caught:
        fleet.runs.wait(run, timeout_s=0)
    assert caught.value.run["state"] == fleet.runs.get(run)["state"] == "queued"


def test_what_a_run_did_is_read(fleet: Client, recorder: Recorder) -> None:
    run = fleet.runs.order("shop")["id"]
    finish(recorder, run, RunState.FAILED, failed="web-2")
    assert {one["host"]: one["failed"] for one in fleet.runs.read_hosts(run)} == {
        "web-1": 0,
        "web-2": 1,
    }
    assert [(one["task"], one["failed"]) for one in fleet.runs.read_tasks(run)] == [("Ping", 1)]
    assert b"".join(fleet.runs.stream_log(run)) == b"line 1\n"
    assert fleet.runs.preview_relaunch(run, hosts="failed")["hosts"] == ["web-2"]
    again = fleet.runs.relaunch(run, hosts="failed", reason="once more")
    assert (again["relaunch_of"], again["host_count"]) == (run, 1)


def test_a_run_is_cancelled_once(fleet: Client) -> None:
    run = fleet.runs.order("shop")["id"]
    assert fleet.runs.cancel(run, reason="not now")["state"] == "cancelled"
    with pytest.raises(Conflict):
        fleet.runs.cancel(run)


def test_an_unknown_template_and_run_are_named(fleet: Client) -> None:
    with pytest.raises(NotFound, match="template absent: "):
        fleet.runs.order("absent")
    with pytest.raises(NotFound, match="run 99: "):
        fleet.runs.get(99)
