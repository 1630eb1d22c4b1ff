# SPDX-License-Identifier: Apache-2.0
"""The fleet's metrics are read at each scrape, under the names that dashboards know."""

import pytest
from prometheus_client import CollectorRegistry

from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.metrics import FleetCollector
from tests.service.fleet_rows import add_cluster, add_node, move_node


@pytest.fixture
def registry(store: Database) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(FleetCollector(store))
    return registry


def test_each_scrape_shows_the_fleet_as_it_is(store: Database, registry: CollectorRegistry) -> None:
    def read(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"quartermaster_{name}", labels)

    before = read("fleet_revision")
    assert before is not None
    assert [read("nodes", state=state.value) for state in NodeState] == [0] * len(NodeState)
    with store.writing() as session:
        add_cluster(session)
        add_node(session, "live")
        add_node(session, "gone")
        move_node(session, "gone", NodeState.RETIRED)
    assert read("nodes", state="planned") == read("nodes", state="retired") == 1
    assert read("fleet_revision") == before + 1
    assert read("pending_resizes") == read("kept_answers") == 0
    assert (read("audit_records") or 0) >= 4
    assert read("audit_oldest_timestamp_seconds") is not None


def test_an_audit_log_without_records_has_no_oldest_one(registry: CollectorRegistry) -> None:
    assert registry.get_sample_value("quartermaster_audit_records") == 0
    assert registry.get_sample_value("quartermaster_audit_oldest_timestamp_seconds") is None
