# SPDX-License-Identifier: Apache-2.0
"""Rows show each node as it is, and a restored database is never taken for the one before it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.clusters import ClusterChange
from inventory_service.fleet.domain.nodes import NodeChange, NodeState
from inventory_service.fleet.domain.services import ServiceChange
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.usecases.catalog import change_entry
from inventory_service.fleet.usecases.changes import change_node
from inventory_service.fleet.usecases.services import change_service
from inventory_service.inventory.domain import COLUMNS
from inventory_service.inventory.queries import (
    get_version,
    is_same_history,
    list_inventory_rows,
)
from tests.service.fleet_rows import (
    ACTOR,
    ALLOCATOR,
    add_cluster,
    add_node,
    add_project,
    add_service,
    move_node,
)


@pytest.fixture
def fleet(store: Database) -> Database:
    with store.writing() as session:
        add_cluster(session)
        add_cluster(session, "other", "10.91.0.0/24")
        add_project(session)
        belongs = {"project": "shop", "environment": "prod"}
        add_node(session, "web-1", internal_ip="10.0.0.1", external_ip="192.0.2.1", **belongs)
        add_node(session, "web-2", external_ip="192.0.2.2", vars={"ansible_host": "198.51.100.2"})
        add_node(session, "far-1", cluster_id="other")
        add_service(session, node_types=["web"])
    return store


def read(fleet: Database, since: int | None = None) -> dict[str, dict[str, Any]]:
    with fleet.reading() as session:
        rows = [
            dict(zip(COLUMNS, row, strict=True))
            for row in list_inventory_rows(session, {}, since=since)
        ]
    assert len({row["node_id"] for row in rows}) == len(rows)
    return {row["node_id"]: row for row in rows}


def now(fleet: Database) -> int:
    with fleet.reading() as session:
        return get_revision(session)


def test_a_row_has_the_mesh_of_its_cluster_and_the_services_of_its_node(fleet: Database) -> None:
    rows = read(fleet)
    assert rows["web-1"]["mesh_prefix"] == "10.90.0.0/24"
    assert rows["far-1"]["mesh_prefix"] == "10.91.0.0/24"
    assert list(rows["web-1"]["node_services"]) == ["api"]
    assert rows["web-2"]["node_services"] is None


def test_ansible_connects_by_the_variable_else_internally_else_externally(fleet: Database) -> None:
    rows = read(fleet)
    hosts = {node_id: row["ansible_host"] for node_id, row in rows.items()}
    assert hosts == {"web-1": "10.0.0.1", "web-2": "198.51.100.2", "far-1": None}
    with fleet.writing() as session:
        change = NodeChange(internal_ip=None)
        change_node(session, ACTOR, "web-1", change, allocator=ALLOCATOR)
    assert read(fleet)["web-1"]["ansible_host"] == "192.0.2.1"


def test_what_has_changed_since_a_revision_is_read_again(fleet: Database) -> None:
    seen = now(fleet)
    assert read(fleet, since=seen) == {}
    with fleet.writing() as session:
        change = NodeChange(region="eu-1")
        change_node(session, ACTOR, "web-1", change, allocator=ALLOCATOR)
    assert set(read(fleet, since=seen)) == {"web-1"}
    assert read(fleet, since=now(fleet)) == {}


def test_a_change_of_a_cluster_is_one_of_its_nodes(fleet: Database) -> None:
    seen = now(fleet)
    with fleet.writing() as session:
        change_entry(session, ACTOR, Cluster, "other", ClusterChange(mesh_port=40_000))
    assert {name: row["mesh_port"] for name, row in read(fleet, since=seen).items()} == {
        "far-1": 40_000
    }


def test_a_change_of_a_service_may_be_one_of_any_node(fleet: Database) -> None:
    seen = now(fleet)
    with fleet.writing() as session:
        change_service(session, ACTOR, "api", ServiceChange(nodes=["far-1"]))
    rows = read(fleet, since=seen)
    assert list(rows["far-1"]["node_services"]) == ["api"]


def test_a_name_that_has_a_new_node_is_not_read_as_the_retired_one(fleet: Database) -> None:
    seen = now(fleet)
    with fleet.writing() as session:
        move_node(session, "web-1", NodeState.RETIRED)
    assert read(fleet, since=seen)["web-1"]["state"] == "retired"
    with fleet.writing() as session:
        add_node(session, "web-1")
    assert read(fleet, since=seen)["web-1"]["state"] == "planned"


def test_changes_alone_are_the_same_history(fleet: Database) -> None:
    with fleet.reading() as session:
        seen = get_version(session)
        assert is_same_history(session, seen, seen)
    with fleet.writing() as session:
        add_node(session, "web-3")
    with fleet.reading() as session:
        version = get_version(session)
        assert version.revision == seen.revision + 1
        assert is_same_history(session, seen, version)


def test_a_revision_of_another_time_is_another_history(fleet: Database) -> None:
    with fleet.writing() as session:
        add_node(session, "web-3")
    with fleet.reading() as session:
        version = get_version(session)
        assert version.at is not None
        lost = replace(version, at=version.at - timedelta(seconds=1))
        assert not is_same_history(session, lost, version)
        later = replace(version, revision=version.revision + 5)
        assert not is_same_history(session, later, version)
        # Of what was pruned, nobody knows: it is read anew.
        assert not is_same_history(session, replace(version, at=None), version)
