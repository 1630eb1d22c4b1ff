# SPDX-License-Identifier: Apache-2.0
"""A service with a playbook, a template, active nodes, and a worker that only records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.events import STATS, RunEvent, Tally
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.usecases.claims import TakenRun, begin_run, end_run, take_runs
from inventory_service.runs.usecases.orders import get_run
from inventory_service.runs.usecases.reports import store_events, store_log
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_node

LEASE = timedelta(seconds=30)
SHOP = {"template": "shop", "playbook": "playbooks/site.yml", "description": "All of it"}

Order = Callable[..., int]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return the folder of QM_PLAYBOOKS_DIR."""
    (tmp_path / "playbooks").mkdir()
    for name in ("site.yml", "other.yml", ".hidden.yml"):
        (tmp_path / "playbooks" / name).write_text("[]\n", "utf-8")
    return tmp_path


@pytest.fixture
def settings(database_url: str, checkout: Path) -> Settings:
    return Settings(database_url=database_url, playbooks_dir=checkout, threads=4)


@pytest.fixture
def shop(admin: Caller, cluster: str) -> str:
    """Return the name of a template, for which two nodes are active."""
    for number in (1, 2):
        fields = {"cluster_id": cluster, "internal_ip": f"10.0.0.{number}"}
        make_node(admin, f"web-{number}", state="active", **fields)
    make_node(admin, "web-3", cluster_id=cluster)
    admin.post("/api/v1/templates", SHOP)
    return "shop"


@pytest.fixture
def order(operator: Caller, shop: str) -> Order:
    """Return `order(**fields)`: the number of a new run of the template."""

    def make(**fields: Any) -> int:
        return int(operator.post("/api/v1/runs", {"template": shop} | fields)["id"])

    return make


@dataclass
class Recorder:
    """Records what a worker and a supervisor would, without any process."""

    database: Database
    taken: dict[int, TakenRun] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def begin(self, run_id: int) -> None:
        """Take the run, and begin it."""
        with self.database.writing() as session:
            taken = take_runs(session, "here", owner="1:2:3", slots=10, lease=LEASE)
        self.taken |= {one.run_id: one for one in taken}
        with self.database.writing() as session:
            assert begin_run(session, self.taken[run_id], "1:2:3", LEASE) is not None

    def add(self, run_id: int, events: Sequence[RunEvent]) -> None:
        """Store events of the run."""
        self.tally.add(events)
        with self.database.writing() as session:
            store_events(session, get_run(session, run_id), events, self.tally)

    def end(self, run_id: int, state: RunState, *, log: Sequence[bytes] = ()) -> None:
        """End the run, with the compressed parts of its log."""
        with self.database.writing() as session:
            for number, body in enumerate(log):
                store_log(session, run_id, number, body)
            end_run(session, self.taken[run_id], state, "the reason", exit_code=2)


@pytest.fixture
def recorder(database: Database) -> Recorder:
    return Recorder(database)


def make_event(counter: int, kind: str = "verbose", **fields: Any) -> RunEvent:
    at = datetime(2026, 11, 27, 10, 0, counter % 60, tzinfo=UTC)
    return RunEvent(counter, kind, at, **{"text": f"line {counter}", **fields})


def make_play(*, failed: str | None = None) -> list[RunEvent]:
    """Return the events of a play of one task on two hosts."""
    task = {"play": "All", "task": "Ping", "task_id": "t"}
    results = [
        make_event(
            number,
            "runner_on_failed" if name == failed else "runner_on_ok",
            **task,
            host=name,
            is_changed=name != failed,
        )
        for number, name in enumerate(("web-1", "web-2"), 2)
    ]
    recap: dict[str, dict[str, int]] = {
        "ok": {name: 1 for name in ("web-1", "web-2") if name != failed},
        "changed": {name: 1 for name in ("web-1", "web-2") if name != failed},
        "failures": {failed: 1} if failed else {},
    }
    start = make_event(1, "playbook_on_task_start", **task)
    return [start, *results, make_event(4, STATS, recap=recap, text="")]
