# SPDX-License-Identifier: Apache-2.0
"""Cancels and kills at any moment, and many orders at once: few here, and more in the soak."""

import contextlib
import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from subprocess import CalledProcessError

import pytest

from tests.e2e.runs.running import ENDED, WAIT_S, RunService
from tests.e2e.service.process import wait_until

#: Longer than a run takes to have its task running.
_MOST_S = 4.0


def pause(chance: random.Random) -> None:
    """Wait for any part of the life of a run: the moment is what is tried."""
    threading.Event().wait(chance.uniform(0, _MOST_S))


@pytest.mark.soak(short=3, long=100)
def test_a_run_can_be_cancelled_at_any_moment(service: RunService, rounds: int) -> None:
    chance = random.Random(rounds)  # noqa: S311 - it chooses moments
    for _ in range(rounds):
        run_id = service.order("sleep")
        pause(chance)
        answer = service.web.post(f"/api/v1/runs/{run_id}/cancellation", {})
        assert answer.status_code == 201, answer.text
        found = service.wait_for(run_id)
        assert found["state"] == "cancelled", found
        assert not service.list_processes("sleep 987")


@pytest.mark.soak(short=2, long=50)
def test_a_supervisor_can_be_killed_at_any_moment(service: RunService, rounds: int) -> None:
    chance = random.Random(rounds)  # noqa: S311 - it chooses moments
    for _ in range(rounds):
        run_id = service.order("steps", steps=8)
        pause(chance)
        # There may be none yet, or none any more: that is a moment as well.
        with contextlib.suppress(AssertionError, CalledProcessError):
            os.kill(service.find_supervisor(), signal.SIGKILL)
        found = service.wait_for(run_id)
        assert found["state"] in {"lost", "successful"}, found
        wait_until(
            lambda: not service.list_processes(), what="the end of all processes", timeout_s=WAIT_S
        )


@pytest.mark.soak(short=5, long=200)
def test_orders_at_once_run_one_after_another_in_their_order(
    service: RunService, rounds: int
) -> None:
    with ThreadPoolExecutor(min(rounds, 50)) as pool:
        ids = sorted(pool.map(lambda _: service.order("steps", steps=1), range(rounds)))
    assert len(set(ids)) == rounds
    wait_until(
        lambda: all(service.show(run_id)["state"] in ENDED for run_id in ids),
        what="the end of all runs",
        timeout_s=WAIT_S + 20 * rounds,
    )
    runs = [service.show(run_id) for run_id in ids]
    assert {run["state"] for run in runs} == {"successful"}
    # All have the same hosts, and so exclude each other.
    assert all(first["ended_at"] <= second["started_at"] for first, second in pairwise(runs))
