# SPDX-License-Identifier: Apache-2.0
"""`qm workflow` against a real service."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope

Qm = Callable[..., Result]
Ask = Callable[..., Any]
STEPS = """
description: Releases
steps:
  - {step: look, kind: approval, message: "Is it time?"}
  - {step: again, kind: approval, needs: [{step: look}]}
  - {step: undo, kind: approval, needs: [{step: again, when: failure}]}
"""


@pytest.fixture(autouse=True)
def _workflow(ask: Ask) -> None:
    ask("workflow", "add", "release", "-f", "-", stdin=STEPS)


def test_a_workflow_is_read_from_a_file_and_changed(ask: Ask, qm: Qm) -> None:
    shown = ask("workflow", "show", "release")
    assert (shown["description"], len(shown["steps"])) == ("Releases", 3)
    ask("workflow", "set", "release", "-f", "-", stdin="launch_role: admin")
    assert ask("workflow", "show", "release")["launch_role"] == "admin"
    assert "qm workflow run" in qm("workflow", "runs").output


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("step: [x]", "has the field 'step'; there are description"),
        ("- x", "is no mapping"),
        ("{", "can't be read"),
        ("steps: !!python/object:os.system {}", "can't be read"),
    ],
)
def test_a_file_that_is_none_is_refused(qm: Qm, text: str, reason: str) -> None:
    result = qm("workflow", "add", "other", "-f", "-", stdin=text)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())


def test_steps_are_approved_drawn_and_begun_anew(ask: Ask, qm: Qm) -> None:
    number = str(ask("workflow", "run", "release", "--reason", "as agreed")["id"])
    own = qm("workflow", "approve", number, "look")
    assert own.exit_code == 6
    assert "somebody else" in own.stderr
    assert qm("workflow", "approve", number, "look", scope=Scope.OPERATOR).exit_code == 0
    words = ("workflow", "reject", number, "again", "--comment", "not today")
    assert qm(*words, scope=Scope.OPERATOR).exit_code == 0
    drawn = qm("workflow", "status", number).stdout.splitlines()
    assert drawn[0] == f"release (run {number}) is running"
    assert drawn[1].startswith("└─ look: successful (1 of 1)")
    assert drawn[2].startswith("   └─ again: failed (0 of 1)")
    assert drawn[2].endswith("rejected by operator: not today")
    assert drawn[3] == "      └─ [failure] undo: awaiting_approval (0 of 1)"
    assert ask("workflow", "cancel", number, "--yes")["state"] == "cancelled"
    followed = qm("workflow", "follow", number)
    assert followed.exit_code == 1
    assert "undo: cancelled" in followed.stderr
    again = ask("workflow", "relaunch", number)
    assert again["relaunch_of"] == int(number)
    listed = ask("workflow", "runs", "--state", "running")
    assert [one["id"] for one in listed] == [again["id"]]
