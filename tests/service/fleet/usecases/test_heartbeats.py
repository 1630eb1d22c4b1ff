# SPDX-License-Identifier: Apache-2.0
"""A heartbeat moves `last_seen` forward, of live nodes only, and is no change of the fleet."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.heartbeats import store_heartbeats
from tests.service.fleet_rows import add_cluster, add_node, move_node

HOUR = timedelta(hours=1)


@pytest.fixture
def fleet(store: Database) -> Database:
    with store.writing() as session:
        add_cluster(session)
        for node_id in ("live", "quiet", "gone"):
            add_node(session, node_id)
        move_node(session, "gone", NodeState.RETIRED)
    return store


def read_last_seen(fleet: Database, node_id: str) -> datetime | None:
    with fleet.reading() as session:
        return session.scalars(select(Node.last_seen).where(Node.node_id == node_id)).one()


def test_only_the_nodes_named_are_seen(fleet: Database) -> None:
    before = datetime.now(UTC)
    with fleet.writing() as session:
        revision = get_revision(session)
        assert store_heartbeats(session, ["live", "live"]) == {}
        assert get_revision(session) == revision
    seen = read_last_seen(fleet, "live")
    assert seen is not None
    assert before <= seen <= datetime.now(UTC)
    assert read_last_seen(fleet, "quiet") is None


def test_refused_nodes_are_named_and_do_not_keep_others_from_being_seen(fleet: Database) -> None:
    with fleet.writing() as session:
        refused = store_heartbeats(session, ["gone", "live", "never"])
    assert {node_id: type(error) for node_id, error in refused.items()} == {
        "gone": Conflict,
        "never": NotFound,
    }
    assert read_last_seen(fleet, "live") is not None
    assert read_last_seen(fleet, "gone") is None


def test_the_heartbeat_of_a_name_is_that_of_its_live_node(fleet: Database) -> None:
    with fleet.writing() as session:
        node = add_node(session, "gone")
        assert store_heartbeats(session, ["gone"]) == {}
        session.flush()
    with fleet.reading() as session:
        seen = select(Node.id).where(Node.last_seen.is_not(None))
        assert session.scalars(seen).all() == [node.id]


@pytest.mark.parametrize(
    ("offset", "stays"),
    [
        # A transaction that began later was written first: time does not go back.
        (timedelta(seconds=1), True),
        (-HOUR, False),
        # No clock is that wrong: such a time would hide each later heartbeat.
        (timedelta(days=400), False),
    ],
)
def test_a_later_time_stays_if_it_can_be_true(
    fleet: Database, offset: timedelta, *, stays: bool
) -> None:
    known = datetime.now(UTC).replace(microsecond=0) + offset + timedelta(seconds=1)
    with fleet.writing() as session:
        node = session.scalars(select(Node).where(Node.node_id == "live")).one()
        node.last_seen = known
    with fleet.writing() as session:
        store_heartbeats(session, ["live"])
    assert (read_last_seen(fleet, "live") == known) is stays
