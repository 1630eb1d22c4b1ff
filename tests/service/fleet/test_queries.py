# SPDX-License-Identifier: Apache-2.0
"""Reads of the fleet name the nodes and services that are meant, and no retired ones by mistake."""

from typing import Any

import pytest
from sqlalchemy import select

from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.nodes import LIVE, NodeChange, NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.queries import (
    apply_filters,
    get_status,
    in_chunks,
    list_known_hosts,
    read_placement,
)
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.fleet.usecases.changes import change_node
from tests.service.fleet_rows import (
    ACTOR,
    ALLOCATOR,
    add_cluster,
    add_node,
    add_project,
    add_service,
    move_node,
)

KEY = "ssh-ed25519 AAAA"
OTHER_KEY = "ssh-ed25519 BBBB"


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a fleet with two web nodes in service, a planned one and a retired one."""
    with store.writing() as session:
        add_cluster(session)
        add_project(session)
        web = {"project": "shop", "environment": "prod", "spec": "cx22"}
        add_node(session, "web-1", internal_ip="10.0.0.1", ssh_host_keys=[KEY], region="eu", **web)
        add_node(session, "web-2", internal_ip="10.0.0.2", **web)
        add_node(session, "data-1", node_type="data", spec="cx22")
        add_node(session, "gone", ssh_host_keys=[KEY])
        move_node(session, "gone", NodeState.RETIRED)
        for node_id in ("web-1", "web-2"):
            move_node(session, node_id, NodeState.PROVISIONING, NodeState.ACTIVE)
        add_service(session, "api", node_types=["web"], scrape_job="app")
        add_service(session, "old", node_types=["web"], scrape_job="app")
        add_service(session, "db", nodes=["data-1"])
        retire_entry(session, ACTOR, Service, "old", RetirementRequest())
    return store


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["data-1", "gone", "web-1", "web-2"]),
        ({"region": [], "state": []}, ["data-1", "gone", "web-1", "web-2"]),
        ({"state": [state.value for state in LIVE]}, ["data-1", "web-1", "web-2"]),
        ({"state": ["planned", "retired"]}, ["data-1", "gone"]),
        ({"node_type": ["web"], "region": ["eu"]}, ["web-1"]),
        ({"node_type": ["web", "data"], "state": ["active"]}, ["web-1", "web-2"]),
        ({"project": ["shop"], "environment": ["uat"]}, []),
        ({"cluster": ["main", "nowhere"], "state": ["active"]}, ["web-1", "web-2"]),
    ],
)
def test_filters_narrow_and_their_values_are_alternatives(
    fleet: Database, filters: dict[str, list[str]], names: list[str]
) -> None:
    with fleet.reading() as session:
        query = apply_filters(select(Node.node_id).order_by(Node.node_id), filters)
        assert session.scalars(query).all() == names


def test_live_nodes_are_asked_for_in_the_words_of_the_partial_index() -> None:
    query = apply_filters(select(Node.node_id), {"state": [state.value for state in LIVE]})
    assert str(query).endswith("WHERE nodes.state != 'retired'")


def test_known_hosts_are_live_nodes_with_keys_by_all_their_addresses(fleet: Database) -> None:
    with fleet.reading() as session:
        assert list_known_hosts(session) == [(["web-1", "10.0.0.1", "10.90.0.1"], [KEY])]


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"ansible_host": "192.0.2.9"}, ["web-1", "10.0.0.1", "10.90.0.1", "192.0.2.9"]),
        ({"ansible_host": "10.0.0.1"}, ["web-1", "10.0.0.1", "10.90.0.1"]),
        ({"ansible_port": 22}, ["web-1", "10.0.0.1", "10.90.0.1"]),
        (
            {"ansible_port": 2222},
            ["web-1", "[web-1]:2222", "[10.0.0.1]:2222", "[10.90.0.1]:2222"],
        ),
    ],
)
def test_a_host_key_is_known_by_the_address_that_ansible_connects_to(
    fleet: Database, variables: dict[str, Any], names: list[str]
) -> None:
    with fleet.writing() as session:
        change_node(session, ACTOR, "web-1", NodeChange(vars=variables), allocator=ALLOCATOR)
    with fleet.reading() as session:
        assert list_known_hosts(session) == [(names, [KEY])]


@pytest.mark.parametrize(
    ("neighbour", "of_neighbour", "of_web"),
    [
        # Two clusters may have the same private network.
        ({"internal_ip": "10.0.0.1"}, [], ["10.90.0.1"]),
        ({"vars": {"ansible_host": "10.0.0.1"}}, [], ["10.90.0.1"]),
        # Behind one address, two nodes are told apart by their ports.
        (
            {"vars": {"ansible_host": "10.0.0.1", "ansible_port": 2222}},
            ["[far-1]:2222", "[10.91.0.1]:2222", "[10.0.0.1]:2222"],
            ["10.0.0.1", "10.90.0.1"],
        ),
        ({"internal_ip": "10.0.0.9"}, ["10.0.0.9"], ["10.0.0.1", "10.90.0.1"]),
    ],
)
def test_an_address_of_two_nodes_is_the_name_of_neither(
    fleet: Database, neighbour: dict[str, Any], of_neighbour: list[str], of_web: list[str]
) -> None:
    with fleet.writing() as session:
        add_cluster(session, "edge", "10.91.0.0/24")
        add_node(session, "far-1", cluster_id="edge", ssh_host_keys=[OTHER_KEY], **neighbour)
    own = [] if "vars" in neighbour and len(neighbour["vars"]) > 1 else ["10.91.0.1"]
    with fleet.reading() as session:
        (far, far_keys), (web, web_keys) = list_known_hosts(session)
    assert (far_keys, web_keys) == ([OTHER_KEY], [KEY])
    assert (far[0], web[0]) == ("far-1", "web-1")
    assert set(far[1:]) == {*own, *of_neighbour}
    assert web[1:] == of_web


@pytest.mark.parametrize(("job", "names"), [(None, ["api"]), ("app", ["api"]), ("ap", [])])
def test_the_placement_knows_live_services_of_a_job(
    fleet: Database, job: str | None, names: list[str]
) -> None:
    with fleet.reading() as session:
        placement = read_placement(session, job=job)
        found = placement.find("web-1", "shop", "prod", "web")
        assert [one.service for one in found] == names
        assert bool(placement.find("data-1", None, None, "data")) is (job is None)


def test_the_status_counts_each_state_and_the_sizes_that_differ(fleet: Database) -> None:
    def resize(node_id: str, spec: str | None) -> None:
        with fleet.writing() as session:
            change = NodeChange(provisioned_spec=spec)
            change_node(session, ACTOR, node_id, change, allocator=ALLOCATOR)

    # Its server is larger than is wanted; that of a planned node is not made yet.
    resize("web-1", "cx32")
    resize("web-2", "cx22")
    resize("data-1", "cx32")
    with fleet.reading() as session:
        status = get_status(session)
    assert status["nodes"] == {
        "planned": 1,
        "provisioning": 0,
        "active": 2,
        "maintenance": 0,
        "failed": 0,
        "retired": 1,
    }
    assert status["pending_resizes"] == 1


@pytest.mark.parametrize(
    ("count", "lengths"), [(0, []), (1, [1]), (1000, [1000]), (1001, [1000, 1]), (2000, [1000] * 2)]
)
def test_no_query_names_more_values_than_a_database_takes(count: int, lengths: list[int]) -> None:
    values = {f"n-{number:04}" for number in range(count)}
    chunks = list(in_chunks(values))
    assert [len(chunk) for chunk in chunks] == lengths
    assert [value for chunk in chunks for value in chunk] == sorted(values)
