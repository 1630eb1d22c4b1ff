# SPDX-License-Identifier: Apache-2.0
"""The service is killed in the middle of an act, or told to end: all or nothing is left."""

import contextlib
import http.client
import threading
import time
from typing import Any

import pytest
import requests

from tests.e2e.service.fleets import MANY, count_nodes, list_nodes, make_bodies, make_cluster
from tests.e2e.service.process import Process

HEADER = "Project,Servers,MasterSpec,WebSpec\n"
COUNT = 400


def list_moments(rounds: int) -> list[float]:
    """Return fractions of the time that the whole act takes, at which the service is killed."""
    return [0.1 + 0.87 * turn / (rounds - 1) for turn in range(rounds)]


@pytest.mark.soak(short=4, long=12)
def test_kill_9_in_the_middle_of_a_bulk_registration_leaves_all_or_nothing(
    process: Process, rounds: int
) -> None:
    make_cluster(process)
    begun = time.monotonic()
    assert process.post("/api/v1/registrations", {"nodes": make_bodies("warm", MANY)}).ok
    whole_s = time.monotonic() - begun
    count, lost = MANY, 0
    for number, moment in enumerate(list_moments(rounds)):
        before = process.get("/api/v1/status")["revision"]
        body = {"nodes": make_bodies(f"round{number}", MANY)}
        headers = {"Idempotency-Key": f"round-{number}"}
        path = "/api/v1/registrations"
        _post_and_kill(process, path, body, headers=headers, after_s=whole_s * moment)
        process.start()
        came = count_nodes(process) - count
        assert came in (0, MANY)
        assert process.get("/api/v1/status")["revision"] == before + (came > 0)
        lost += came == 0
        # The same request again acts if it was lost, and is only answered again if it was not.
        again = process.session.post(process.url + path, json=body, headers=headers, timeout=120)
        assert again.status_code == 201, again.text
        assert again.json()["registered"] == MANY
        count += MANY
        assert count_nodes(process) == count
    assert lost, "no kill came in the middle: the test has shown nothing"
    addresses = {node["wireguard_ip"] for node in list_nodes(process)}
    assert len(addresses) == count


@pytest.mark.soak(short=4, long=12)
def test_kill_9_in_the_middle_of_an_import_leaves_all_or_nothing(
    process: Process, rounds: int
) -> None:
    make_cluster(process)
    body = {"content": f"{HEADER}warmup,{COUNT},cx22,cx22\n", "apply": True}
    begun = time.monotonic()
    assert process.post("/api/v1/imports", body).status_code == 201
    whole_s = time.monotonic() - begun
    outcomes = set()
    for number, moment in enumerate(list_moments(rounds)):
        before = process.get("/api/v1/status")["revision"]
        name = f"shop{number}"
        body = {"content": f"{HEADER}{name},{COUNT},cx22,cx22\n", "apply": True}
        _post_and_kill(process, "/api/v1/imports", body, headers={}, after_s=whole_s * moment)
        process.start()
        nodes = process.get(f"/api/v1/nodes?limit=1000&project={name}")["items"]
        assert len(nodes) in (0, COUNT)
        assert process.get("/api/v1/status")["revision"] == before + (len(nodes) > 0)
        outcomes.add(len(nodes))
        # What was lost can be asked for again, and is whole then.
        assert process.post("/api/v1/imports", body).ok
        again = process.get(f"/api/v1/nodes?limit=1000&project={name}")["items"]
        assert len(again) == COUNT
    assert 0 in outcomes, "no kill came in the middle: the test has shown nothing"


def _post_and_kill(
    process: Process, path: str, body: Any, *, headers: dict[str, str], after_s: float
) -> None:
    def post() -> None:
        # The connection breaks when the service dies; that is the point.
        with contextlib.suppress(requests.RequestException, http.client.HTTPException):
            process.make_session().post(process.url + path, json=body, headers=headers, timeout=60)

    thread = threading.Thread(target=post)
    thread.start()
    threading.Event().wait(after_s)
    process.kill()
    thread.join()


def test_the_service_ends_cleanly_when_it_is_told_to(process: Process) -> None:
    assert process.stop() == 0
    process.start()
    assert process.get("/api/v1/status")["revision"] == 1
