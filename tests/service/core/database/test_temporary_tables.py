# SPDX-License-Identifier: Apache-2.0
"""What is planned is done on copies of the tables: nobody waits for it, and it leaves nothing."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.core.revision import get_revision
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from tests.service.fleet_rows import add_cluster, add_node, add_project


def list_names(session: Session) -> list[str]:
    return [*session.scalars(select(Node.node_id).order_by(Node.node_id))]


@pytest.fixture
def fleet(store: Database) -> Database:
    with store.writing() as session:
        add_cluster(session)
        add_node(session, "web-1")
    return store


def test_a_writer_goes_on_while_something_is_planned(fleet: Database) -> None:
    with fleet.planning() as plan:
        add_node(plan, "planned-1")
        with fleet.writing() as session:
            add_node(session, "web-2")
        add_node(plan, "planned-2")
        assert list_names(plan) == ["planned-1", "planned-2", "web-1"]
    with fleet.reading() as session:
        assert list_names(session) == ["web-1", "web-2"]
        assert get_revision(session) == 2


def test_a_plan_goes_on_while_a_writer_holds_the_lock(fleet: Database) -> None:
    with fleet.writing() as session:
        add_node(session, "web-2")
        with fleet.planning() as plan:
            add_node(plan, "planned-1")
            assert list_names(plan) == ["planned-1", "web-1"]
    with fleet.reading() as session:
        assert list_names(session) == ["web-1", "web-2"]


def test_one_connection_plans_and_writes_in_turn(fleet: Database) -> None:
    """PostgreSQL keeps statements that ran often: they must not go to the tables of before."""
    for number in range(20):
        with fleet.planning() as plan:
            add_node(plan, f"planned-{number}")
            assert len(list_names(plan)) == number + 2
        with fleet.writing() as session:
            add_node(session, f"real-{number}")
    with fleet.reading() as session:
        assert [name for name in list_names(session) if name.startswith("planned")] == []
        assert len(list_names(session)) == 21


def test_the_constraints_of_the_tables_hold_for_their_copies(fleet: Database) -> None:
    def add_twice() -> None:
        with fleet.planning() as plan:
            for _ in range(2):
                plan.add(Project(project="shop", created_at=datetime.now(UTC), revision=1))
                plan.flush()
                plan.expunge_all()

    with pytest.raises(Conflict) as refusal:
        add_twice()
    assert isinstance(refusal.value.__cause__, IntegrityError)


def test_a_plan_reads_all_but_the_history(fleet: Database) -> None:
    with fleet.planning() as plan:
        assert list_names(plan) == ["web-1"]
        assert get_revision(plan) == 1
        assert plan.scalar(select(func.count()).select_from(AuditRecord)) == 0
        add_project(plan)
        assert plan.scalar(select(func.count()).select_from(AuditRecord)) == 1
