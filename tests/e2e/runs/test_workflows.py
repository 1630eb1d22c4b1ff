# SPDX-License-Identifier: Apache-2.0
"""A workflow by real runs goes on after its worker was killed, and begins no step twice."""

from typing import Any

from tests.e2e.runs.running import WAIT_S, RunService
from tests.e2e.service.process import wait_until

STEPS: list[dict[str, Any]] = [
    {"step": "canary", "template": "steps", "limit": "web-1", "answers": {"steps": 20}},
    {"step": "rest", "template": "steps", "needs": [{"step": "canary"}], "answers": {"steps": 1}},
    {"step": "undo", "template": "steps", "needs": [{"step": "rest", "when": "failure"}]},
]


def test_a_workflow_goes_on_after_a_kill_and_begins_each_step_once(service: RunService) -> None:
    answer = service.web.post("/api/v1/workflows", {"workflow": "release", "steps": STEPS})
    assert answer.status_code == 201, answer.text
    run_id = service.web.post("/api/v1/workflow-runs", {"workflow": "release"}).json()["id"]
    path = f"/api/v1/workflow-runs/{run_id}"
    first = service.web.get(path)["steps"][0]["run_id"]
    service.wait_for_text(first, "(item=1)")
    # The run goes on without its worker, and ends while nobody is there to carry the workflow on.
    service.kill_worker()
    service.wait_for(first, "successful")
    assert service.web.get(path)["steps"][1]["state"] == "waiting"
    service.start_worker()
    wait_until(
        lambda: service.web.get(path)["state"] != "running", what="the end", timeout_s=WAIT_S
    )
    shown = service.web.get(path)
    assert shown["state"] == "successful"
    assert [one["state"] for one in shown["steps"]] == ["successful", "successful", "skipped"]
    second = service.show(shown["steps"][1]["run_id"])
    assert second["hosts"] == ["web-1", "web-2"]
    assert len(service.web.get("/api/v1/runs")["items"]) == 2
