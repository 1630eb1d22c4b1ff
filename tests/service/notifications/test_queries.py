# SPDX-License-Identifier: Apache-2.0
"""Ends of runs are found in the order of their commits, through an index."""

import pytest
from sqlalchemy import text

from inventory_service.core.database.engine import Database
from inventory_service.notifications.queries import (
    find_seen_revision,
    list_ends,
    list_live,
    select_ends,
)
from inventory_service.settings import Settings
from tests.service.notifications.ended_runs import Fleet


@pytest.fixture
def fleet(store: Database, settings: Settings) -> Fleet:
    return Fleet(store, settings)


def test_ends_come_in_the_order_in_which_they_were_committed(fleet: Fleet) -> None:
    first, second, live = (fleet.order() for _ in range(3))
    fleet.end(second)
    fleet.end(first)
    with fleet.store.reading() as session:
        ends = list_ends(session, 0)
        assert [end.id for end in ends] == [second, first]
        assert [end.id for end in list_ends(session, ends[0].revision)] == [first]
        assert [end.id for end in list_ends(session, 0, limit=1)] == [second]
    assert live


def test_without_notifications_nothing_is_looked_for(fleet: Fleet) -> None:
    with fleet.store.reading() as session:
        assert find_seen_revision(session) is None
        assert list_live(session) == []
    fleet.notify("ops", "https://hook.example/")
    with fleet.store.reading() as session:
        assert find_seen_revision(session) == list_live(session)[0].revision


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_search_for_ends_reads_no_older_run(fleet: Fleet) -> None:
    query = select_ends(7, limit=1).compile(
        fleet.store.engine, compile_kwargs={"literal_binds": True}
    )
    with fleet.store.reading() as session:
        plan = repr(session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
    assert "SEARCH runs USING INDEX ix_runs_revision (revision>?)" in plan
