# SPDX-License-Identifier: Apache-2.0
"""The clock of the day steps forth and back under a real service, and right things stay right.

Nothing fails, revisions go up by one, what has ended stays ended, and what a clock that was ahead
has noted is not believed for ever.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from inventory_service.http.transactions import REVISION_HEADER
from tests.e2e.service.clocks import Clock
from tests.e2e.service.fleets import count_nodes, make_bodies, make_cluster
from tests.e2e.service.process import Process
from tests.service.postgres import Postgres

MINUTE, HOUR, DAY = 60, 3600, 86400
LIMIT = 10
STEPS = [0, HOUR, -HOUR, 400 * DAY, 0, -400 * DAY, 10_000 * DAY, -DAY, 31 * DAY, 0]
#: In how much the clocks of test and service may differ where they should be the same.
CLOSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Case:
    """A service with one node, and the clock that it goes by."""

    process: Process
    clock: Clock

    def seen(self) -> datetime:
        """Return when the node was seen last."""
        shown = self.process.get("/api/v1/nodes/web-0")["last_seen"]
        return datetime.fromisoformat(shown)

    def status_for(self, token: str) -> int:
        heads = {"Authorization": f"Bearer {token}"}
        url = f"{self.process.url}/api/v1/status"
        return requests.get(url, headers=heads, timeout=30).status_code


def start(folder: Path, **settings: str) -> Case:
    clock = Clock(folder, os.environ.get("PYTHONPATH", ""))
    process = Process(folder, **clock.environment, **settings)
    process.start()
    make_cluster(process)
    assert process.post("/api/v1/nodes", make_bodies("web", 1)[0]).status_code == 201
    return Case(process, clock)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    """A service that stays for all tests here: to start it takes longer than most."""
    folder = tmp_path_factory.mktemp("clocks")
    url = f"sqlite:///{folder}/fleet.sqlite"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("server")
        url = server.create("clocks")
    case = start(folder, QM_DATABASE_URL=url)
    yield case
    case.process.kill()
    if request.param == "postgresql":
        server.drop("clocks")


@pytest.fixture
def case(service: Case) -> Iterator[Case]:
    yield service
    service.clock.set(0)
    assert not service.process.logged("request failed")


def test_steps_of_the_clock_break_no_request_and_no_order(case: Case) -> None:
    process, clock = case.process, case.clock
    revision = process.get("/api/v1/status")["revision"]
    etags = set()
    for number, offset_s in enumerate(STEPS):
        clock.set(offset_s)
        made = process.post("/api/v1/projects", {"project": f"p{number}"})
        assert made.status_code == 201, made.text
        assert int(made.headers[REVISION_HEADER]) == revision + 1 + 2 * number
        moved = datetime.fromisoformat(made.json()["created_at"]) - datetime.now(UTC)
        assert abs(moved - timedelta(seconds=offset_s)) < CLOSE, "the clock was not set"
        labels = {"labels": {"turn": str(number)}}
        assert process.patch("/api/v1/nodes/web-0", labels).status_code == 200
        inventory = process.session.get(f"{process.url}/api/v1/inventory?state=any", timeout=30)
        assert inventory.json()["_meta"]["hostvars"]["web-0"]["labels"] == {"turn": str(number)}
        etags.add(inventory.headers["ETag"])
        for path in ("/health/ready", "/metrics", "/api/v1/audit", "/api/v1/tokens"):
            assert process.session.get(process.url + path, timeout=30).status_code == 200, path
    assert len(etags) == len(STEPS)
    clock.set(0)
    newest = process.get(f"/api/v1/changes?since={revision + 2 * len(STEPS) - 2}")["items"]
    assert [change["revision"] for change in newest] == sorted(
        change["revision"] for change in newest
    )
    assert process.get("/api/v1/status")["revision"] == revision + 2 * len(STEPS)


def test_a_token_ends_by_the_clock_and_one_that_was_revoked_never_comes_back(case: Case) -> None:
    process, clock = case.process, case.clock
    end = datetime.now(UTC) + timedelta(hours=1)
    short = process.post("/api/v1/tokens", {"name": "short", "expires_at": end.isoformat()}).json()
    gone = process.post("/api/v1/tokens", {"name": "gone"}).json()
    assert case.status_for(short["token"]) == 200
    clock.set(2 * HOUR)
    assert case.status_for(short["token"]) == 401
    past = process.post("/api/v1/tokens", {"name": "late", "expires_at": end.isoformat()})
    assert past.status_code == 422
    assert process.post(f"/api/v1/tokens/{gone['token_id']}/revocation", {}).status_code == 201
    # Before it was revoked, and before it was made.
    for offset_s in (0, -DAY, 400 * DAY):
        clock.set(offset_s)
        assert case.status_for(gone["token"]) == 401
    clock.set(-DAY)
    assert case.status_for(short["token"]) == 200


def test_a_heartbeat_of_a_clock_that_was_ahead_is_put_right_by_the_next(case: Case) -> None:
    process, clock = case.process, case.clock
    clock.set(365 * DAY)
    assert process.post("/api/v1/nodes/web-0/heartbeat", {}).status_code == 204
    assert case.seen() - datetime.now(UTC) > timedelta(days=364)
    clock.set(0)
    assert process.post("/api/v1/heartbeats", {"nodes": ["web-0"]}).status_code == 200
    assert abs(case.seen() - datetime.now(UTC)) < CLOSE
    # A small step back is no reason to forget that it was seen.
    before = case.seen()
    clock.set(-30)
    assert process.post("/api/v1/nodes/web-0/heartbeat", {}).status_code == 204
    assert case.seen() == before


def test_a_request_sent_twice_acts_once_however_the_clock_steps(case: Case) -> None:
    process, clock = case.process, case.clock

    def send(key: str) -> requests.Response:
        return process.session.post(
            f"{process.url}/api/v1/registrations",
            json={"nodes": make_bodies(key, 3)},
            headers={"Idempotency-Key": key},
            timeout=60,
        )

    before = count_nodes(process)
    for number, (first_s, second_s) in enumerate([(0, 23 * HOUR), (HOUR, 0), (400 * DAY, -DAY)]):
        clock.set(first_s)
        first = send(f"key-{number}")
        clock.set(second_s)
        again = send(f"key-{number}")
        assert (first.status_code, again.status_code) == (201, 201), again.text
        assert first.json() == again.json()
    clock.set(0)
    assert count_nodes(process) == before + 3 * 3


def test_changes_that_a_clock_ahead_has_forgotten_are_not_missed_unseen(case: Case) -> None:
    process, clock = case.process, case.clock
    seen = process.get("/api/v1/status")["revision"]
    # A month is the default of QM_AUDIT_RETENTION_DAYS.
    clock.set(31 * DAY)
    assert process.post("/api/v1/projects", {"project": "ahead"}).status_code == 201
    clock.set(0)
    assert process.post("/api/v1/projects", {"project": "back"}).status_code == 201
    gone = process.session.get(f"{process.url}/api/v1/changes?since=0", timeout=30)
    assert gone.status_code == 410
    kept = process.get(f"/api/v1/changes?since={seen}")["items"]
    assert [change["subject"] for change in kept] == ["ahead", "back"]


def test_a_limit_lets_pass_again_within_a_minute_of_any_clock(tmp_path: Path) -> None:
    case = start(tmp_path, QM_LIMIT_ACCOUNT_PER_MIN=str(LIMIT))
    url = f"{case.process.url}/api/v1/status"

    def ask() -> requests.Response:
        return case.process.session.get(url, timeout=30)

    try:
        for offset_s in (HOUR, -HOUR, -400 * DAY):
            while ask().status_code == 200:
                pass
            case.clock.set(offset_s)
            refused = ask()
            if refused.status_code == 429:
                assert int(refused.headers["Retry-After"]) <= MINUTE
                assert ask().status_code == 200
    finally:
        case.process.kill()
