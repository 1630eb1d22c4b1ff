# SPDX-License-Identifier: Apache-2.0
"""The metrics of runs are read at each scrape."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.metrics import RunCollector
from inventory_service.runs.usecases.claims import begin_run, end_run, take_runs
from inventory_service.runs.usecases.orders import order_run
from inventory_service.runs.usecases.templates import register_template
from tests.service.conftest import ACTOR

PLAYBOOK = "playbooks/hello.yml"
SOURCES = RunSources(lambda: {PLAYBOOK}, lambda _session, _filters: [Target("web-1", ["web"])])
LEASE = timedelta(seconds=30)


@pytest.fixture
def registry(store: Database) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(RunCollector(store))
    return registry


def test_each_scrape_shows_what_waits_runs_and_has_ended(
    store: Database, registry: CollectorRegistry
) -> None:
    def read(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"quartermaster_{name}", labels)

    assert read("runs", state="queued") == read("runs_oldest_wait_seconds") == 0
    with store.writing() as session:
        wanted = TemplateRegistration(template="hello", playbook=PLAYBOOK, host_lock=None)
        register_template(session, ACTOR, wanted, sources=SOURCES)
        for _ in range(3):
            order_run(session, ACTOR, RunOrder(template="hello"), sources=SOURCES)
    assert read("runs", state="queued") == 3
    assert (read("runs_oldest_wait_seconds") or 0) > 0
    with store.writing() as session:
        for one in take_runs(session, "here", owner="1:1:1", slots=2, lease=LEASE):
            begin_run(session, one, "1:1:1", LEASE)
        end_run(session, one, RunState.FAILED, "failed on web-1", exit_code=2)
    assert read("runs", state="queued") == read("runs", state="running") == 1
    assert read("runs_ended_total", template="hello", state="failed") == 1
    assert read("runs", state="failed") is None
