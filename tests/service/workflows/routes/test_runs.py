# SPDX-License-Identifier: Apache-2.0
"""Runs of workflows over HTTP: ordered once, approved by another, cancelled, begun anew."""

import pytest

from tests.service.conftest import Caller
from tests.service.workflow_rows import ask

PATH = "/api/v1/workflow-runs"


@pytest.fixture(autouse=True)
def _workflow(admin: Caller) -> None:
    steps = [ask("ok"), ask("again", "ok")]
    admin.post("/api/v1/workflows", {"workflow": "release", "steps": steps})


def test_a_workflow_is_ordered_once_and_approved_by_another(
    operator: Caller, admin: Caller, viewer: Caller
) -> None:
    key = {"Idempotency-Key": "once"}
    made = operator.post(PATH, {"workflow": "release", "reason": "as agreed"}, headers=key)
    assert operator.post(PATH, {"workflow": "release", "reason": "as agreed"}, headers=key) == made
    path = f"{PATH}/{made['id']}"
    approve = {"decision": "approve"}
    operator.post(f"{path}/steps/ok/approvals", approve, status=403)
    viewer.post(f"{path}/steps/ok/approvals", approve, status=403)
    admin.post(f"{path}/steps/ok/approvals", approve)
    admin.post(f"{path}/steps/ok/approvals", approve, status=409)
    admin.post(f"{path}/steps/none/approvals", approve, status=404)
    admin.post(f"{path}/steps/again/approvals", {"decision": "reject"}, status=422)
    reject = {"decision": "reject", "comment": "no"}
    assert admin.post(f"{path}/steps/again/approvals", reject)["state"] == "failed"
    shown = viewer.get(path)
    assert [one["state"] for one in shown["steps"]] == ["successful", "failed"]
    assert [one["decision"] for one in shown["decisions"]] == ["approve", "reject"]
    again = operator.post(f"{path}/relaunch", {})
    assert again["relaunch_of"] == made["id"]
    ids = [one["id"] for one in viewer.get(f"{PATH}?state=running")["items"]]
    assert ids == [again["id"]]


def test_a_workflow_is_cancelled(operator: Caller, viewer: Caller) -> None:
    made = operator.post(PATH, {"workflow": "release"})
    path = f"{PATH}/{made['id']}"
    viewer.post(f"{path}/cancellation", {}, status=403)
    assert operator.post(f"{path}/cancellation", {"reason": "no"})["state"] == "cancelled"
    operator.post(f"{path}/cancellation", {}, status=409)
    operator.post(f"{PATH}/999/cancellation", {}, status=404)


def test_what_is_not_there_or_not_allowed_is_refused(operator: Caller, viewer: Caller) -> None:
    operator.post(PATH, {"workflow": "none"}, status=404)
    operator.post(PATH, {"workflow": "release", "answers": {"x": 1}}, status=422)
    operator.post(PATH, {"workflow": "release", "steps": []}, status=422)
    viewer.post(PATH, {"workflow": "release"}, status=403)
    viewer.get(f"{PATH}/999", status=404)
