# SPDX-License-Identifier: Apache-2.0
"""A service runs on live nodes, on a port that nobody else was given."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, NotFound, ServiceError
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.domain.ports import PortRequest
from inventory_service.fleet.domain.services import FIRST_PORT, PORTS, ServiceChange
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.ports import give_port
from inventory_service.fleet.usecases.services import change_service
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
    with store.writing() as session:
        add_cluster(session)
        add_project(session)
        add_node(session, "live")
        add_node(session, "gone")
        move_node(session, "gone", NodeState.RETIRED)
    return store


def change(session: Session, **fields: Any) -> Service:
    return change_service(session, ACTOR, "api", ServiceChange(**fields))


@pytest.mark.parametrize(
    ("fields", "kind", "fields_refused"),
    [
        ({"nodes": ["live", "gone", "never"]}, BadInput, ["nodes.1", "nodes.2"]),
        ({"project": "nowhere"}, BadInput, ["project"]),
        ({"protocol": "tcp", "health_path": "/up"}, BadInput, ["health_path"]),
        ({"protocol": "udp", "scrape_job": "app"}, BadInput, ["scrape_job"]),
        ({"port": 20_777}, Conflict, ["port"]),
    ],
)
def test_a_registration_that_cannot_be(
    fleet: Database,
    fields: dict[str, Any],
    kind: type[ServiceError],
    fields_refused: list[str],
) -> None:
    with fleet.writing() as session:
        request = PortRequest(project="shop", environment="uat", base=20_777, range=1)
        assert give_port(session, ACTOR, request)[0].port == 20_777
    with fleet.writing() as session, pytest.raises(kind) as refusal:
        add_service(session, **fields)
    assert [error.field for error in refusal.value.field_errors] == fields_refused


def test_a_service_that_names_no_port_is_given_one_of_its_own(fleet: Database) -> None:
    with fleet.writing() as session:
        ports = {add_service(session, name).port for name in ("api", "admin", "queue")}
    assert len(ports) == 3
    assert all(FIRST_PORT <= port < FIRST_PORT + PORTS for port in ports)


def test_a_node_that_was_retired_since_does_not_hold_a_change_back(fleet: Database) -> None:
    with fleet.writing() as session:
        add_service(session, nodes=["live"])
        move_node(session, "live", NodeState.RETIRED)
    with fleet.writing() as session:
        assert change(session, nodes=["live"], description="as before").nodes == ["live"]
        with pytest.raises(BadInput) as refusal:
            change(session, nodes=["live", "gone"])
    # Only what the change adds is checked, so the error counts among that.
    assert [error.field for error in refusal.value.field_errors] == ["nodes.0"]


def test_a_change_must_leave_paths_that_the_protocol_has(fleet: Database) -> None:
    with fleet.writing() as session:
        add_service(session, health_path="/up")
    with fleet.writing() as session, pytest.raises(BadInput):
        change(session, protocol="tcp")
    with fleet.writing() as session:
        assert change(session, protocol="tcp", health_path=None).protocol == "tcp"


def test_an_unknown_service_is_not_made_by_a_change(fleet: Database) -> None:
    with fleet.writing() as session, pytest.raises(NotFound):
        change(session, description="new")
