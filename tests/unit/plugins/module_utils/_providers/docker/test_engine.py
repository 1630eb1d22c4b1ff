# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the engine become sentences with a code; waiting ends."""

from __future__ import annotations

import typing as t

import docker.errors
import pytest
import requests.exceptions
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.docker import (
    engine,
)


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(engine.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(engine.time, "sleep", clock.sleep)
    return clock


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "IMPORT_ERROR", "Traceback: no docker")

    with pytest.raises(Failure, match=r"library \(docker\)") as refusal:
        engine.Engine.connect({})
    assert refusal.value.code == "missing_library"
    assert refusal.value.details["exception"] == "Traceback: no docker"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (docker.errors.APIError("x", explanation="no space left"), "cannot dig: no space left"),
        (docker.errors.APIError("500 Server Error"), "cannot dig: 500 Server Error"),
        (requests.exceptions.ReadTimeout("60 s"), "cannot dig: the engine does not answer: 60 s"),
        (docker.errors.DockerException("gone"), "cannot dig: the engine does not answer: gone"),
    ],
)
def test_an_error_says_what_was_tried(error: Exception, words: str) -> None:
    with pytest.raises(Failure) as refusal, engine.translate_errors("dig"):
        raise error
    assert (str(refusal.value), refusal.value.code) == (words, "engine")


class Api:
    """What the engine answers when a command is run in a container."""

    def __init__(self, exit_code: int | None) -> None:
        self.exit_code = exit_code
        self.commands: list[list[str]] = []

    def exec_create(self, container_id: str, command: list[str]) -> dict[str, str]:
        self.commands.append([container_id, *command])
        return {"Id": "run"}

    def exec_start(self, run: str) -> None:
        if self.exit_code is None:
            raise docker.errors.APIError(f"{run}: the container does not run")

    def exec_inspect(self, _run: str) -> dict[str, int | None]:
        return {"ExitCode": self.exit_code}


@pytest.mark.parametrize(
    ("exit_code", "is_active"), [(0, True), (1, False), (3, False), (None, False)]
)
def test_a_unit_is_active_when_systemctl_says_so(exit_code: int | None, *, is_active: bool) -> None:
    api = Api(exit_code)

    lab = engine.Engine(t.cast("t.Any", api), "lab", timeout_s=60)

    assert lab.ask("c1", "ssh") is is_active
    assert api.commands == [["c1", "systemctl", "is-active", "--quiet", "ssh"]]


def test_waiting_ends_in_time_with_growing_pauses(clock: Clock) -> None:
    waiting: t.Any = engine.Engine(None, "lab", timeout_s=60)

    with pytest.raises(Failure, match=r"no answer \(after 60 s\)") as refusal:
        waiting.wait_for(lambda: False, "no answer")

    assert refusal.value.code == "timeout"
    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[-1] == engine.MAX_POLL_S
    assert clock.now < 60 + 2 * engine.MAX_POLL_S


def test_waiting_ends_as_soon_as_it_is_done(clock: Clock) -> None:
    answers = iter([False, False, True])

    engine.Engine(None, "lab", timeout_s=60).wait_for(lambda: next(answers), "no answer")

    assert len(clock.pauses) == 2
