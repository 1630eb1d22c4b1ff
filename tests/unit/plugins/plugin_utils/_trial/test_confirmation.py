# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change is confirmed over a fresh connection, or why it was taken back is returned."""

from __future__ import annotations

import itertools
import typing as t
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.quartermaster.fleet.plugins.action.firewall_rules import ActionModule
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._trial import confirmation

TRIAL = {"changed": True, "firewall": {"table": "t", "change": "c1", "controller": "192.0.2.1"}}
ROLLED_BACK = {"failed": True, "code": "rolled_back", "msg": "taken back"}
NOT_FRESH = {"failed": True, "code": "not_fresh", "msg": "the old connection"}


class Line:
    """A connection that counts how often it was closed."""

    def __init__(self) -> None:
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """Return the runner of the action against a host that gives the prepared answers in order."""
    clock = itertools.count()
    ticking = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _seconds: None)
    monkeypatch.setattr(confirmation, "time", ticking)

    def act(*answers: t.Any) -> tuple[dict[str, t.Any], list[t.Any], Line]:
        asked: list[t.Any] = []
        left = list(answers)

        def execute(**arguments: t.Any) -> t.Any:
            asked.append(arguments["module_args"])
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        action = ActionModule.__new__(ActionModule)
        line = Line()
        action._connection = line
        action._task = SimpleNamespace(args={"rules": [], "confirm_timeout": 5})
        monkeypatch.setattr(confirmation.ActionBase, "run", lambda *_args: {})
        monkeypatch.setattr(action, "_execute_module", execute)
        return action.run(task_vars={}), asked, line

    return act


def test_nothing_new_needs_no_confirmation(run: t.Any) -> None:
    same = {"changed": False, "firewall": {"change": None}}

    result, asked, line = run(same)

    assert (result["changed"], len(asked), line.resets) == (False, 1, 0)


def test_a_trial_is_confirmed_after_the_connection_was_closed(run: t.Any) -> None:
    result, asked, line = run(TRIAL, {"changed": True})

    assert asked[1] == {"state": "confirmed", "change": "c1"}
    assert (line.resets, result["changed"], result["firewall"]["change"]) == (1, True, None)
    assert "failed" not in result


def test_it_comes_again_while_nobody_lets_it_in(run: t.Any) -> None:
    lost = AnsibleConnectionFailure("no route")

    result, asked, line = run(TRIAL, lost, NOT_FRESH, lost, {"changed": True})

    assert (len(asked), line.resets) == (5, 4)
    assert "failed" not in result


def test_what_the_host_took_back_failed_and_changed_nothing(run: t.Any) -> None:
    result, _asked, _line = run(TRIAL, AnsibleConnectionFailure("no route"), ROLLED_BACK)

    assert (result["failed"], result["changed"], result["code"]) == (True, False, "rolled_back")
    assert "no route" in result["msg"]


@pytest.mark.parametrize(
    "refusal",
    [
        AnsibleError("Incorrect sudo password"),
        {"failed": True, "msg": "", "module_stderr": "Traceback\nIncorrect sudo password\n"},
        {"failed": True, "msg": "no JSON", "module_stderr": "Incorrect sudo password"},
        {"failed": True, "code": "command_failed", "msg": "Incorrect sudo password"},
    ],
)
def test_why_the_fresh_connection_could_not_confirm_is_kept(run: t.Any, refusal: t.Any) -> None:
    result, asked, _line = run(TRIAL, refusal, refusal, ROLLED_BACK)

    assert (result["code"], len(asked)) == ("rolled_back", 4)
    assert "Incorrect sudo password" in result["msg"]


def test_a_host_that_never_answers_again_is_given_up(run: t.Any) -> None:
    result, _asked, _line = run(TRIAL, AnsibleConnectionFailure("no route"))

    assert (result["failed"], result["code"]) == (True, "not_confirmed")


def test_a_refusal_is_not_confirmed(run: t.Any) -> None:
    result, asked, _line = run({"failed": True, "code": "refused", "msg": "no"})

    assert (result["failed"], len(asked)) == (True, 1)
