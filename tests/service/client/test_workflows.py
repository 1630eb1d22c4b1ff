# SPDX-License-Identifier: Apache-2.0
"""Workflows are ordered, approved, cancelled and begun anew through the client."""

import pytest

from inventory_service.client import Client, Conflict, Forbidden, NotFound
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE
STEPS = [
    {"step": "look", "kind": "approval", "message": "Is it time?"},
    {"step": "again", "kind": "approval", "needs": [{"step": "look"}]},
]


@pytest.fixture
def run(api: Client) -> int:
    """Return a run of a workflow with two approvals."""
    api.workflows.register("release", steps=STEPS)
    first, again = (api.workflows.order("release", reason="now", key="k") for _ in range(2))
    assert first["id"] == again["id"]
    return int(first["id"])


def states(api: Client, run: int) -> list[str]:
    return [step["state"] for step in api.workflows.get_run(run)["steps"]]


def test_steps_are_approved_and_rejected(api: Client, operator: Client, run: int) -> None:
    with pytest.raises(Forbidden, match="somebody else"):
        api.workflows.approve(run, "look")
    operator.workflows.approve(run, "look", comment="fine")
    assert states(api, run) == ["successful", "awaiting_approval"]
    assert operator.workflows.reject(run, "again", comment="not today")["state"] == "failed"
    again = api.workflows.relaunch(run, reason="once more")
    assert again["relaunch_of"] == run
    assert states(api, again["id"])[1] == "awaiting_approval"
    assert states(api, api.workflows.relaunch(run, steps="all")["id"])[0] == "awaiting_approval"


def test_a_run_is_found_and_cancelled_once(api: Client, run: int) -> None:
    assert [one["id"] for one in api.workflows.iterate_runs(workflow=["release"])] == [run]
    assert not list(api.workflows.iterate_runs(state=["failed"]))
    assert api.workflows.cancel(run, reason="no")["state"] == "cancelled"
    with pytest.raises(Conflict):
        api.workflows.cancel(run)
    with pytest.raises(NotFound, match="workflow run 99: "):
        api.workflows.get_run(99)
    with pytest.raises(NotFound, match="workflow absent: "):
        api.workflows.order("absent")
