# SPDX-License-Identifier: Apache-2.0
"""Whatever is killed while a run is live, it comes to a true end, and nothing of it is left."""

import os
import signal
import subprocess
from collections.abc import Callable

from tests.e2e.runs.running import NODES, WAIT_S, RunService
from tests.e2e.service.process import wait_until
from tests.service.postgres import Postgres


def begin(service: RunService, template: str = "sleep", **answers: int) -> int:
    """Order a run, and wait until its tasks run on both nodes."""
    run_id = service.order(template, **answers)
    service.wait_for_text(run_id, "began web-2" if template == "sleep" else "(item=0)")
    if template == "sleep":
        wait_until(
            lambda: len(service.list_processes("sleep 987")) >= len(NODES),
            what="the tasks",
            timeout_s=WAIT_S,
        )
    return run_id


def assert_nothing_is_left(service: RunService) -> None:
    wait_until(
        lambda: not service.list_processes(), what="the end of all processes", timeout_s=WAIT_S
    )
    wait_until(
        lambda: not [*service.run_dir.iterdir()], what="the end of all folders", timeout_s=WAIT_S
    )


def test_a_killed_supervisor_leaves_a_lost_run_no_process_and_free_locks(
    service: RunService,
) -> None:
    run_id = begin(service)
    waiting = service.order("steps", steps=1)
    blocked = service.wait_for(waiting, "blocked")
    assert f"run {run_id} (sleep, running since" in blocked["state_reason"]
    os.kill(service.find_supervisor(), signal.SIGKILL)
    found = service.wait_for(run_id)
    assert (found["state"], found["state_reason"]) == ("lost", "its supervisor was killed")
    assert "began web-1" in service.log(run_id)
    assert service.wait_for(waiting)["state"] == "successful"
    assert_nothing_is_left(service)


def test_a_killed_playbook_is_a_failed_run_and_no_process_is_left(service: RunService) -> None:
    run_id = begin(service)
    playbooks = subprocess.run(
        ["pgrep", "-P", str(service.find_supervisor())], capture_output=True, text=True, check=True
    )
    for pid in map(int, playbooks.stdout.split()):
        os.kill(pid, signal.SIGKILL)
    found = service.wait_for(run_id)
    assert found["state"] == "failed"
    assert_nothing_is_left(service)


def test_a_killed_worker_and_a_killed_service_are_nothing_to_a_run(service: RunService) -> None:
    run_id = begin(service, "steps", steps=12)
    service.kill_worker()
    service.web.kill()
    service.web.start()
    service.start_worker()
    found = service.wait_for(run_id)
    assert (found["state"], found["missing_events"]) == ("successful", 0)
    log = service.log(run_id)
    lines = [f"changed: [{node}] => (item={step})" for node in NODES for step in range(12)]
    assert [log.count(line) for line in lines] == [1] * len(lines)
    assert_nothing_is_left(service)


def test_postgresql_may_crash_while_a_run_is_live(
    make_service: Callable[[str], RunService], server: Postgres
) -> None:
    service = make_service(server.create("fleet_runs"))
    run_id = begin(service, "steps", steps=12)
    server.end(signal.SIGQUIT)
    server.start()
    found = service.wait_for(run_id)
    assert (found["state"], found["missing_events"]) == ("successful", 0)
    assert service.log(run_id).count("=> (item=11)") == len(NODES)
    assert_nothing_is_left(service)
    service.stop()
    server.drop("fleet_runs")


def test_a_cancelled_run_is_cancelled_when_nothing_of_it_runs(service: RunService) -> None:
    run_id = begin(service)
    waiting = service.order("steps")
    answer = service.web.post(f"/api/v1/runs/{run_id}/cancellation", {"reason": "enough"})
    assert answer.json()["state"] == "cancelling"
    found = service.wait_for(run_id)
    assert not service.list_processes("sleep 987")
    assert (found["state"], found["state_reason"]) == ("cancelled", "cancelled by admin: enough")
    again = service.web.post(f"/api/v1/runs/{run_id}/cancellation", {})
    assert again.status_code == 409
    assert service.wait_for(waiting)["state"] == "successful"
    assert_nothing_is_left(service)
