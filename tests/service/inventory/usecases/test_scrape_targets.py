# SPDX-License-Identifier: Apache-2.0
"""Prometheus gets the targets of a job, or those of all nodes, and never a mix of both."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, NotFound
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.inventory.usecases.scrape_targets import list_targets
from tests.service.fleet_rows import (
    ACTOR,
    add_cluster,
    add_node,
    add_project,
    add_service,
    move_node,
)


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a fleet with three nodes in service; one has both addresses, two only one."""
    with store.writing() as session:
        add_cluster(session)
        add_project(session)
        belongs = {"project": "shop", "environment": "prod"}
        add_node(session, "web-1", internal_ip="10.0.0.1", external_ip="2001:db8::1", **belongs)
        add_node(session, "data-1", node_type="data", internal_ip="10.0.0.2", **belongs)
        add_node(session, "planned-1", internal_ip="10.0.0.3", **belongs)
        add_node(session, "far-1", external_ip="192.0.2.4", node_type="data", **belongs)
        for node_id in ("web-1", "data-1", "far-1"):
            move_node(session, node_id, NodeState.PROVISIONING, NodeState.ACTIVE)
        add_service(session, port=8080, node_types=["web"], scrape_job="app", metrics_path="/m")
    return store


def read(
    fleet: Database, job: str | None = None, port: int | None = None, address: str | None = None
) -> list[str]:
    with fleet.reading() as session:
        targets = list_targets(session, {}, job=job, port=port, address=address)
    return [one for target in targets for one in target["targets"]]


@pytest.mark.parametrize(
    ("job", "port", "address", "targets"),
    [
        (None, None, "internal_ip", ["10.0.0.2:9100", "10.0.0.1:9100"]),
        (None, 9256, "internal_ip", ["10.0.0.2:9256", "10.0.0.1:9256"]),
        (None, None, None, ["10.0.0.2:9100", "192.0.2.4:9100", "10.0.0.1:9100"]),
        (None, None, "external_ip", ["192.0.2.4:9100", "[2001:db8::1]:9100"]),
        ("app", None, None, ["10.0.0.1:8080"]),
        ("app", None, "internal_ip", ["10.0.0.1:8080"]),
        ("app", None, "external_ip", ["[2001:db8::1]:8080"]),
    ],
)
def test_targets(
    fleet: Database, job: str | None, port: int | None, address: str | None, targets: list[str]
) -> None:
    assert read(fleet, job, port, address) == targets


def test_a_job_is_scraped_at_the_path_of_its_service(fleet: Database) -> None:
    with fleet.reading() as session:
        [target] = list_targets(session, {}, job="app", port=None, address="internal_ip")
    assert target["labels"]["__metrics_path__"] == "/m"
    assert target["labels"]["__scheme__"] == "http"
    assert target["labels"]["__meta_quartermaster_node_id"] == "web-1"
    assert "__meta_quartermaster_region" not in target["labels"]


def test_a_job_and_a_port_contradict_each_other(fleet: Database) -> None:
    with pytest.raises(BadInput) as refusal:
        read(fleet, job="app", port=9100)
    assert [error.field for error in refusal.value.field_errors] == ["port"]


def test_a_misspelt_job_is_not_an_empty_one(fleet: Database) -> None:
    with pytest.raises(NotFound):
        read(fleet, job="ap")


def test_a_job_whose_last_service_is_retired_has_no_targets(fleet: Database) -> None:
    with fleet.writing() as session:
        retire_entry(session, ACTOR, Service, "api", RetirementRequest())
    assert read(fleet, job="app") == []
