# SPDX-License-Identifier: Apache-2.0
"""Who watches a run goes on from its cursor, and waits for a service that is restarted."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from inventory_service.client import NotFound, ServiceUnreachable, Target
from inventory_service.client.errors import Refusal
from inventory_service.client.watching import PAUSE_S, WAIT_S, watch

AWAY = ServiceUnreachable("not reachable")


class Service:
    """Gives prepared answers, and keeps the questions."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[Mapping[str, Any]] = []

    def ask(self, query: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(query)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(*events: int, after: int, is_complete: bool = False) -> dict[str, Any]:
    return {
        "events": [{"counter": counter} for counter in events],
        "next_after": after,
        "run": {"id": 7, "state": "running"},
        "is_complete": is_complete,
    }


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_each_question_goes_on_where_the_last_answer_ended(pauses: list[float]) -> None:
    service = Service(answer(1, 2, after=2), answer(after=2), answer(3, after=3, is_complete=True))
    found = list(watch(service.ask, after=0, patience_s=1))
    assert [query["after"] for query in service.asked] == [0, 2, 2]
    assert {query["wait"] for query in service.asked} == {WAIT_S}
    assert [progress.cursor for progress in found] == [2, 2, 3]
    # Only the answer without an event came too fast.
    assert pauses == [PAUSE_S]


@pytest.mark.parametrize("away", [AWAY, "busy"], ids=["away", "busy"])
def test_a_service_that_is_restarted_is_asked_again(
    pauses: list[float], away: Exception | str
) -> None:
    refusal = Refusal(503, "Busy", {}, Target("run", "7"), "http://a", has_token=True)
    error = refusal.to_error() if isinstance(away, str) else away
    service = Service(answer(1, after=1), error, error, answer(2, after=2, is_complete=True))
    notices: list[str] = []
    found = list(watch(service.ask, after=0, patience_s=60, notice=notices.append))
    assert [query["after"] for query in service.asked] == [0, 1, 1, 1]
    assert [event["counter"] for progress in found for event in progress.events] == [1, 2]
    assert len(notices) == 1
    assert pauses == [PAUSE_S, PAUSE_S]


@pytest.mark.usefixtures("pauses")
def test_a_service_that_stays_away_is_given_up() -> None:
    with pytest.raises(ServiceUnreachable, match="not reachable"):
        list(watch(Service(AWAY).ask, after=0, patience_s=-1))


def test_a_refusal_ends_it_at_once(pauses: list[float]) -> None:
    refusal = Refusal(404, "No", {}, Target("run", "7"), "http://a", has_token=True)
    with pytest.raises(NotFound):
        list(watch(Service(refusal.to_error()).ask, after=0, patience_s=60))
    assert pauses == []


def test_nobody_waits_beyond_the_deadline(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 2.0, 2.0, 2.0, 2.6])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    service = Service(answer(after=0), answer(after=0))
    assert len(list(watch(service.ask, after=0, patience_s=1, deadline=2.5))) == 2
    assert [query["wait"] for query in service.asked] == [2, 0]
    assert pauses == []


def test_a_deadline_that_is_over_still_gives_one_answer() -> None:
    service = Service(answer(after=0))
    (progress,) = watch(service.ask, after=0, patience_s=1, deadline=time.monotonic() - 1)
    assert not progress.is_complete
    assert service.asked == [{"after": 0, "wait": 0}]
