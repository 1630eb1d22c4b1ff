# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is watched over outages and silence, and its news never steer a terminal."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import ClientError
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.runs import (
    BEAT_S,
    ENDED,
    EVENTS_AT_ONCE,
    OUTAGE_S,
    TAIL_LINES,
    RunWatch,
)

RUN = {"id": 12, "template": "site", "state": "queued", "state_reason": None}
AWAY = ClientError("no answer")


class Service:
    """A client whose answers are lined up, and a clock that only waiting moves."""

    def __init__(self, *answers: t.Any, takes_s: float = 0.0) -> None:
        self.now = 0.0
        self.asked: list[t.Mapping[str, t.Any]] = []
        self.shown: list[str] = []
        self._answers = list(answers)
        self._takes_s = takes_s

    def json(self, _method: str, _path: str, *, query: t.Mapping[str, t.Any]) -> t.Any:
        self.asked.append(query)
        self.now += self._takes_s
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def watch(self, timeout_s: float = 10) -> RunWatch:
        return RunWatch(
            t.cast("t.Any", self),
            RUN,
            timeout_s=timeout_s,
            show=self.shown.append,
            clock=lambda: self.now,
            pause=self.wait,
        )


def progress(state: str, *texts: str, why: str | None = None) -> dict[str, t.Any]:
    return {
        "events": [{"task": "Deploy", "text": text} for text in texts],
        "next_after": len(texts),
        "run": {**RUN, "state": state, "state_reason": why},
        "is_complete": state in ENDED,
    }


def test_each_change_is_shown_once() -> None:
    blocked = progress("blocked", why="run 11 holds web-1")
    running = progress("running", "a")
    service = Service(blocked, blocked, running, running, progress("successful"))
    assert service.watch().follow()
    assert service.shown == [
        "run 12 (site) is queued",
        "run 12 (site) is blocked: run 11 holds web-1",
        "run 12 (site) is running, task 'Deploy'",
        "run 12 (site) is successful",
    ]


def test_no_minute_passes_in_silence() -> None:
    service = Service(progress("running"), takes_s=20)
    seen: list[float] = []
    watch = service.watch(timeout_s=60)
    watch._show = lambda _text: seen.append(service.now)
    assert not watch.follow(300)
    assert max(later - earlier for earlier, later in itertools.pairwise(seen)) < 2 * BEAT_S


def test_an_outage_is_waited_for() -> None:
    busy = ClientError("busy", status=503)
    service = Service(AWAY, busy, ClientError("limited", status=429), progress("successful"))
    assert service.watch().follow()
    assert any("no answer" in line for line in service.shown)


def test_an_outage_ends_the_watch_at_last() -> None:
    service = Service(AWAY)
    with pytest.raises(ClientError, match="no answer"):
        service.watch().follow()
    assert OUTAGE_S < service.now < OUTAGE_S + 5


def test_a_refusal_ends_the_watch_at_once() -> None:
    service = Service(ClientError("who?", status=401))
    with pytest.raises(ClientError):
        service.watch().follow()
    assert len(service.asked) == 1


def test_a_chatty_run_is_asked_once_a_second_unless_it_is_far_ahead() -> None:
    full = progress("running", *["x"] * EVENTS_AT_ONCE)
    service = Service(full, full, progress("running", "y"), progress("successful"))
    service.watch().follow()
    assert service.now == 1.0


@pytest.mark.parametrize(("timeout_s", "wait"), [(1, 0), (10, 5), (300, 20)])
def test_the_service_waits_for_less_than_the_client_does(timeout_s: int, wait: int) -> None:
    service = Service(progress("successful"))
    service.watch(timeout_s).follow()
    assert service.asked[0]["wait"] == wait


def test_the_wait_ends_in_time() -> None:
    service = Service(progress("running"))
    assert not service.watch().follow(2.5)
    assert service.now == 2.5


def test_the_tail_is_the_last_lines_and_no_news_steer_a_terminal() -> None:
    text = "\n".join(map(str, range(TAIL_LINES + 5)))
    service = Service(progress("failed", text, "\x1b[2Jend", why="\x1b]0;title\x07"))
    watch = service.watch()
    assert watch.follow()
    assert watch.tail[0] == "6"
    assert watch.tail[-1].endswith("end")
    assert "\x1b" not in "".join(service.shown)
