# SPDX-License-Identifier: Apache-2.0
"""A request gets the same port each time, and no two requests get the same one."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Exhausted, NotFound
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.ports import PortRequest
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.fleet.usecases.ports import give_port
from tests.service.fleet_rows import ACTOR, add_project, add_service


def make_request(environment: str = "prod", *, size: int = 2, base: int = 9000) -> PortRequest:
    return PortRequest(project="shop", environment=environment, base=base, range=size)


@pytest.fixture
def fleet(store: Database) -> Database:
    with store.writing() as session:
        add_project(session)
    return store


def test_the_same_request_gets_the_same_port_and_changes_the_fleet_once(fleet: Database) -> None:
    with fleet.writing() as session:
        port, is_new = give_port(session, ACTOR, make_request())
    assert is_new
    with fleet.writing() as session:
        revision = get_revision(session)
        again, is_new = give_port(session, ACTOR, make_request())
        assert (again.port, is_new) == (port.port, False)
        assert get_revision(session) == revision


def test_others_get_the_rest_of_the_range_until_it_is_used_up(fleet: Database) -> None:
    with fleet.writing() as session:
        given = {give_port(session, ACTOR, make_request(name))[0].port for name in ("prod", "uat")}
        assert given == {9000, 9001}
        with pytest.raises(Exhausted):
            give_port(session, ACTOR, make_request("test"))
        # Another range is another request; the ports that both have stay with their owners.
        assert give_port(session, ACTOR, make_request("test", size=3))[0].port == 9002


def test_a_port_that_a_live_service_has_chosen_is_not_given(fleet: Database) -> None:
    with fleet.writing() as session:
        add_service(session, port=9000)
        assert give_port(session, ACTOR, make_request())[0].port == 9001
        retire_entry(session, ACTOR, Service, "api", RetirementRequest())
        assert give_port(session, ACTOR, make_request("uat"))[0].port == 9000


def test_the_project_must_be_known(fleet: Database) -> None:
    request = PortRequest(project="nowhere", environment="prod", base=9000)
    with fleet.writing() as session, pytest.raises(NotFound):
        give_port(session, ACTOR, request)
