# SPDX-License-Identifier: Apache-2.0
"""A workflow's run is drawn as a tree, with what each step begins on."""

from typing import Any

import pytest

from inventory_service.cli.terminal.workflow_tree import print_workflow_run


def step(name: str, *needs: str, join: str = "all", **fields: Any) -> dict[str, Any]:
    found = [
        {"step": need.partition(":")[0], "when": need.partition(":")[2] or "success"}
        for need in needs
    ]
    shown = {"kind": "run", "state": "waiting", "state_reason": None, "run_id": None}
    times = {"started_at": None, "ended_at": None}
    return {"step": name, "needs": found, "join": join, **shown, **times, **fields}


def test_steps_are_below_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    run = {
        "id": 7,
        "workflow": "release",
        "state": "failed",
        "state_reason": "step 'a': \x1b[31mbad",
        "steps": [
            step(
                "a",
                state="failed",
                run_id=12,
                state_reason="run 12 is failed",
                started_at="2027-01-01T00:00:00Z",
                ended_at="2027-01-01T00:01:05Z",
            ),
            step("b", "a"),
            step("c", "b", "a:always", join="any"),
            step("d", "a:failure"),
            step("e"),
        ],
    }
    print_workflow_run(run)
    lines = capsys.readouterr().out.splitlines()
    assert "\x1b" not in lines[0]
    assert lines[1].startswith("├─ a: failed (run 12) ")
    assert lines[1].endswith(": run 12 is failed")
    assert lines[2:] == [
        "│  ├─ b: waiting",
        "│  ├─ [b or a always] c: waiting",
        "│  └─ [failure] d: waiting",
        "└─ e: waiting",
    ]
