# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module run orders once, waits for the end, and fails as the run does."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._service import runs
from ansible_collections.quartermaster.fleet.plugins.modules import run as module

RUN = {
    "id": 12,
    "template": "site",
    "playbook": "site.yml",
    "limit": "web",
    "answers": {},
    "state": "queued",
    "state_reason": None,
}
WHOLE = {**RUN, "hosts": ["web-1", "web-2"]}
ANSWERS = {"version": "1"}
Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PAUSE_S", 0)


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module(module, **options)


def progress(
    state: str, *texts: str, why: str | None = None, complete: bool | None = None
) -> dict[str, t.Any]:
    """Return an answer to a question for events."""
    has_ended = state in runs.ENDED if complete is None else complete
    return {
        "events": [{"task": "Deploy", "text": text} for text in texts],
        "next_after": len(texts),
        "run": {**RUN, "state": state, "state_reason": why},
        "is_complete": has_ended,
    }


def sent(loopback: t.Any) -> list[tuple[str, str, t.Any]]:
    return [(asked.method, asked.path, asked.body) for asked in loopback.asked]


def test_a_run_is_ordered_with_a_key_and_waited_for(loopback: t.Any, run: Run) -> None:
    for answer in (RUN, WHOLE, progress("running", "one\ntwo"), progress("successful", "three")):
        loopback.reply(answer)
    result = run(template="site", limit="web", check=True, reason="why", answers=ANSWERS)
    assert not result["failed"]
    assert result["changed"]
    assert (result["run"]["state"], result["run"]["hosts"]) == ("successful", WHOLE["hosts"])
    assert result["log"] == ["one", "two", "three"]
    order, whole, first, second = sent(loopback)
    body = {
        "template": "site",
        "limit": "web",
        "check": True,
        "answers": ANSWERS,
        "reason": "why",
    }
    assert order == ("POST", "/api/v1/runs", body)
    assert len(loopback.asked[0].headers["idempotency-key"]) == 36
    assert whole[1] == "/api/v1/runs/12"
    assert first[1] == "/api/v1/runs/12/events?after=0&limit=5000&wait=5"
    assert second[1] == "/api/v1/runs/12/events?after=1&limit=5000&wait=5"


def test_an_order_that_is_sent_again_has_the_same_key(loopback: t.Any, run: Run) -> None:
    loopback.reply({"title": "busy"}, status=503, headers={"Retry-After": "0"})
    loopback.reply(RUN)
    assert not run(template="site", wait=False)["failed"]
    first, second = [asked.headers for asked in loopback.asked if asked.method == "POST"]
    assert first["idempotency-key"] == second["idempotency-key"]


def test_without_waiting_nothing_is_watched(loopback: t.Any, run: Run) -> None:
    loopback.reply(RUN)
    loopback.reply(WHOLE)
    result = run(template="site", wait=False)
    assert (result["changed"], result["run"]) == (True, WHOLE)
    assert [asked[1] for asked in sent(loopback)] == ["/api/v1/runs", "/api/v1/runs/12"]


@pytest.mark.parametrize("state", [state for state in runs.ENDED if state != runs.SUCCESSFUL])
def test_a_run_that_ends_otherwise_fails_with_state_reason_and_log(
    loopback: t.Any, run: Run, state: str
) -> None:
    for answer in (RUN, WHOLE, progress(state, "fatal: [web-1]", why="because")):
        loopback.reply(answer)
    result = run(template="site")
    assert (result["failed"], result["changed"], result["code"]) == (True, True, state)
    assert f"Run 12 of site is {state}: because." in result["msg"]
    assert (result["log"], result["run"]["state"]) == (["fatal: [web-1]"], state)


def test_the_state_can_be_ignored(loopback: t.Any, run: Run) -> None:
    for answer in (RUN, WHOLE, progress("failed")):
        loopback.reply(answer)
    result = run(template="site", ignore_state=True)
    assert (result["failed"], result["run"]["state"]) == (False, "failed")


def test_a_run_that_takes_too_long_goes_on_and_is_a_failure(loopback: t.Any, run: Run) -> None:
    for answer in (RUN, WHOLE, progress("running")):
        loopback.reply(answer)
    result = run(template="site", timeout_s=0, ignore_state=True)
    assert (result["failed"], result["code"]) == (True, "still_going")
    assert "is running, and had not ended after 0 s" in result["msg"]
    assert not [asked for asked in loopback.asked if "cancellation" in asked.path]


def test_a_run_that_takes_too_long_is_cancelled_where_that_is_wanted(
    loopback: t.Any, run: Run
) -> None:
    cancelling = {**RUN, "state": "cancelling"}
    for answer in (RUN, WHOLE, progress("running"), cancelling, progress("cancelled", why="x")):
        loopback.reply(answer)
    result = run(template="site", timeout_s=0, cancel_on_timeout=True)
    assert (result["code"], result["run"]["state"]) == ("still_going", "cancelled")
    reason = {"reason": "it had not ended after 0 s"}
    assert sent(loopback)[3] == ("POST", "/api/v1/runs/12/cancellation", reason)


def test_a_run_that_ends_before_it_can_be_cancelled_is_judged_by_its_end(
    loopback: t.Any, run: Run
) -> None:
    for answer in (RUN, WHOLE, progress("running")):
        loopback.reply(answer)
    loopback.reply({"title": "Conflict"}, status=409)
    loopback.reply(progress("successful"))
    result = run(template="site", timeout_s=0, cancel_on_timeout=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert result["run"]["state"] == "successful"


def test_a_service_that_refuses_the_watch_does_not_lose_the_run(loopback: t.Any, run: Run) -> None:
    loopback.reply(RUN)
    loopback.reply(WHOLE)
    loopback.reply({"title": "Unauthorized"}, status=401)
    result = run(template="site")
    assert (result["code"], result["changed"], result["run"]["id"]) == ("401", True, 12)


def test_a_refused_order_changed_nothing(loopback: t.Any, run: Run) -> None:
    loopback.reply({"title": "Not found", "detail": "There is no template"}, status=404)
    result = run(template="site")
    assert (result["failed"], result["code"]) == (True, "404")
    assert "changed" not in result


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"template": "site", "run_id": 3}, "run_id: not for state present"),
        ({"template": "site", "hosts": "failed"}, "hosts: not for state present"),
        ({"state": "cancelled", "run_id": 3, "limit": "web"}, "limit: not for state cancelled"),
        ({"state": "relaunched", "run_id": 3, "tags": []}, "tags: not for state relaunched"),
        ({}, "template"),
        ({"state": "relaunched"}, "run_id"),
        ({"template": "site", "cancel_on_timeout": True}, "timeout_s"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    run: Run, options: dict[str, t.Any], reason: str
) -> None:
    result = run(**options)
    assert result["failed"]
    assert reason in result["msg"]


def test_a_live_run_is_cancelled_and_waited_for(loopback: t.Any, run: Run) -> None:
    running = {**WHOLE, "state": "running"}
    cancelling = {**WHOLE, "state": "cancelling"}
    for answer in (running, cancelling, cancelling, progress("cancelled", why="by ann")):
        loopback.reply(answer)
    result = run(state="cancelled", run_id=12, reason="why")
    assert (result["failed"], result["changed"]) == (False, True)
    assert result["run"]["state"] == "cancelled"
    assert sent(loopback)[1] == ("POST", "/api/v1/runs/12/cancellation", {"reason": "why"})


@pytest.mark.parametrize("state", ["successful", "cancelled"])
def test_a_run_that_has_ended_is_not_cancelled(loopback: t.Any, run: Run, state: str) -> None:
    loopback.reply({**WHOLE, "state": state})
    result = run(state="cancelled", run_id=12)
    assert (result["failed"], result["changed"]) == (False, False)
    assert len(loopback.asked) == 1


def test_a_run_that_ends_before_it_can_be_cancelled_is_no_change(loopback: t.Any, run: Run) -> None:
    loopback.reply({**WHOLE, "state": "running"})
    loopback.reply({"title": "Conflict"}, status=409)
    loopback.reply({**WHOLE, "state": "successful"})
    loopback.reply(progress("successful"))
    result = run(state="cancelled", run_id=12)
    assert (result["failed"], result["changed"]) == (False, False)


def test_a_run_is_relaunched_where_it_failed(loopback: t.Any, run: Run) -> None:
    again = {**RUN, "id": 13, "relaunch_of": 12}
    for answer in (again, again, progress("successful")):
        loopback.reply(answer)
    assert not run(state="relaunched", run_id=12, hosts="failed")["failed"]
    assert sent(loopback)[0] == ("POST", "/api/v1/runs/12/relaunch", {"hosts": "failed"})
    assert sent(loopback)[1][1] == "/api/v1/runs/13"


def test_check_mode_orders_nothing_and_asks_for_a_preview(loopback: t.Any, run: Run) -> None:
    preview = {"template": "site", "hosts": ["web-1", "web-2"], "host_count": 2}
    loopback.reply(preview)
    result = run(template="site", limit="web", answers=ANSWERS, _ansible_check_mode=True)
    assert (result["changed"], result["run"]) == (True, preview)
    order = {"template": "site", "limit": "web", "answers": ANSWERS}
    assert sent(loopback) == [("POST", "/api/v1/runs/preview", order)]


def test_check_mode_refuses_what_the_service_refuses(loopback: t.Any, run: Run) -> None:
    loopback.reply({"title": "Unprocessable", "detail": "The limit selects nothing"}, status=422)
    result = run(template="site", limit="nobody", _ansible_check_mode=True)
    assert (result["failed"], result["code"]) == (True, "422")
    assert "The limit selects nothing" in result["msg"]


def test_check_mode_asks_for_a_preview_of_a_relaunch(loopback: t.Any, run: Run) -> None:
    loopback.reply({"hosts": ["web-2"], "relaunch_of": 12})
    result = run(state="relaunched", run_id=12, hosts="failed", _ansible_check_mode=True)
    assert (result["run"]["hosts"], result["changed"]) == (["web-2"], True)
    assert sent(loopback) == [("POST", "/api/v1/runs/12/relaunch/preview", {"hosts": "failed"})]


def test_check_mode_cancels_nothing(loopback: t.Any, run: Run) -> None:
    loopback.reply({**WHOLE, "state": "running"})
    result = run(state="cancelled", run_id=12, _ansible_check_mode=True)
    assert (result["changed"], result["run"]["state"]) == (True, "cancelled")
    assert len(loopback.asked) == 1
