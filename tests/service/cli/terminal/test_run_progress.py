# SPDX-License-Identifier: Apache-2.0
"""Who follows a run sees each line once, what it waits for, and how it ended."""

import time
from collections.abc import Mapping
from typing import Any

import click
import pytest

from inventory_service.cli.terminal.run_progress import follow_run
from inventory_service.client import ServiceUnreachable
from inventory_service.client.runs import Runs
from inventory_service.client.watching import WAIT_S

RUN = {
    "id": 7,
    "template": "shop",
    "state": "running",
    "state_reason": None,
    "started_at": "2026-11-27T10:00:00Z",
    "ended_at": None,
    "missing_events": 0,
    "results": {},
}
END: dict[str, Any] = {
    "ended_at": "2026-11-27T11:02:03Z",
    "results": {"ok": 2, "changed": 1, "failed": 0},
}


class Service:
    """Gives prepared answers, and keeps the questions."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[Mapping[str, Any]] = []

    def get(self, path: str, target: object, query: Mapping[str, Any]) -> dict[str, Any]:
        assert (path, str(target)) == ("/api/v1/runs/7/events", "run 7")
        self.asked.append(query)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def answer(*texts: str, after: int = 0, is_complete: bool = False, **fields: Any) -> dict[str, Any]:
    return {
        "events": [{"text": text} for text in texts],
        "next_after": after,
        "run": {**RUN, **fields},
        "is_complete": is_complete,
    }


def follow(*answers: dict[str, Any] | Exception) -> tuple[int, Service]:
    service = Service(*answers)
    with pytest.raises(click.exceptions.Exit) as ended:
        follow_run(Runs(service), RUN)  # type: ignore[arg-type] # all that it calls
    return ended.value.exit_code, service


@pytest.mark.usefixtures("pauses")
def test_each_question_goes_on_where_the_last_answer_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, service = follow(
        answer("one", "", "two\nlines", after=3),
        answer("three", after=4),
        answer(after=4, is_complete=True, state="successful", **END),
    )
    assert [query["after"] for query in service.asked] == [0, 3, 4]
    assert {query["wait"] for query in service.asked} == {WAIT_S}
    out, err = capsys.readouterr()
    assert (code, out) == (0, "one\ntwo\nlines\nthree\n")
    assert err == "Run 7 (shop) is successful after 1 h 2 min 3 s. Hosts: 2 ok, 1 changed.\n"


def test_what_a_run_waits_for_is_named_once(
    capsys: pytest.CaptureFixture[str], pauses: list[float]
) -> None:
    waits: dict[str, Any] = {
        "state": "blocked",
        "state_reason": "waits for web-1: run 6 has it",
    }
    end = answer(is_complete=True, state="cancelled", state_reason="cancelled by me")
    code, _ = follow(answer(**waits), answer(**waits), answer(state="starting"), end)
    assert capsys.readouterr().err.splitlines() == [
        "Run 7 is blocked: waits for web-1: run 6 has it",
        "Run 7 is starting",
        "Run 7 (shop) is cancelled: cancelled by me.",
    ]
    assert code == 1
    # The service answered at once without an event: it has no room for those who wait.
    assert len(pauses) == 3
    assert all(pause >= 1 for pause in pauses)


@pytest.mark.parametrize(
    "state", ["failed", "unreachable", "cancelled", "timed_out", "lost", "rejected", "expired"]
)
def test_all_ends_but_success_are_an_exit_code(
    capsys: pytest.CaptureFixture[str], pauses: list[float], state: str
) -> None:
    code, _ = follow(answer("x", is_complete=True, state=state, missing_events=2, **END))
    assert code == 1
    assert "2 events are missing in its log." in capsys.readouterr().err
    assert not pauses


@pytest.mark.usefixtures("pauses")
def test_nothing_of_a_run_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    strange = "\x1b]0;x\x07"
    follow(answer(strange, is_complete=True, state="failed", state_reason=strange))
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert out == "\\u001b]0;x\\u0007\n"


def test_a_service_that_is_restarted_is_asked_again(
    capsys: pytest.CaptureFixture[str], pauses: list[float]
) -> None:
    away = ServiceUnreachable("not reachable")
    end = answer("two", after=2, is_complete=True, state="successful", **END)
    code, service = follow(answer("one", after=1), away, away, end)
    assert code == 0
    assert [query["after"] for query in service.asked] == [0, 1, 1, 1]
    out, err = capsys.readouterr()
    assert out == "one\ntwo\n"
    assert err.count("does not answer") == 1
    assert len(pauses) == 2
