# SPDX-License-Identifier: Apache-2.0
"""A sliced run with real Ansible: all slices at once, with one inventory, shown as one run."""

from tests.e2e.runs.running import RunService


def test_slices_run_at_once_and_are_one_run_to_who_reads_it(service: RunService) -> None:
    playbook = service.checkout / "playbooks" / "steps.yml"
    text = playbook.read_text("utf-8")
    playbook.write_text(
        text.replace("echo step", "echo {{ groups['all'] | sort | join('+') }} step"), "utf-8"
    )
    body = {"template": "steps", "answers": {"steps": 8}, "slices": 2}
    run_id = service.web.post("/api/v1/runs", body).json()["id"]
    done = service.wait_for(run_id)
    assert done["state"] == "successful", done
    one, two = done["slices"]
    assert {one["state"], two["state"]} == {"successful"}
    # Each began before the other had ended.
    assert max(one["started_at"], two["started_at"]) < min(one["ended_at"], two["ended_at"])
    assert done["results"]["changed"] == 2
    found = service.web.get(f"/api/v1/runs/{run_id}/events")
    assert found["is_complete"]
    assert len(found["events"]) == done["event_count"]
    hosts = {(event["slice_no"], event["host"]) for event in found["events"] if event["host"]}
    assert hosts == {(1, "web-1"), (2, "web-2")}
    rows = service.web.get(f"/api/v1/runs/{run_id}/hosts")["items"]
    assert [row["host"] for row in rows] == ["web-1", "web-2"]
    log = service.log(run_id)
    assert log.index("# Slice 1 (run") < log.index("changed: [web-1]") < log.index("# Slice 2 (run")
