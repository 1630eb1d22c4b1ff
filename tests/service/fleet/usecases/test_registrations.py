# SPDX-License-Identifier: Apache-2.0
"""A bulk registration is all or nothing, and its errors name each row and field."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import (
    BadInput,
    Conflict,
    Exhausted,
    FieldError,
    ServiceError,
)
from inventory_service.core.revision import revision_bumped
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.nodes import retire_nodes
from inventory_service.fleet.usecases.registrations import register_nodes, relocate_row
from tests.service.fleet_rows import ACTOR, ALLOCATOR, add_cluster, add_node, make_registration
from tests.service.statements import noted_statements

KEY = "A" * 43 + "="
OTHER_KEY = "B" * 42 + "A="


def register(session: Session, *rows: dict[str, Any], **options: Any) -> list[Node]:
    wanted = [
        make_registration(**{"node_id": f"n-{index}"} | row) for index, row in enumerate(rows)
    ]
    return register_nodes(session, ACTOR, wanted, allocator=ALLOCATOR, **options)


def find_errors(store: Database, kind: type[ServiceError], *rows: dict[str, Any]) -> list[str]:
    """Register rows in a fleet with a node `taken`, and return the fields that are refused."""
    with store.writing() as session:
        add_cluster(session)
        add_cluster(session, "other", "10.91.0.0/24")
        add_node(session, "taken", internal_ip="10.0.0.1", wireguard_public_key=KEY)
    with pytest.raises(kind) as refusal, store.writing() as session:
        register(session, *rows)
    with store.reading() as session:
        assert session.scalars(select(Node.node_id)).all() == ["taken"]
    assert type(refusal.value) is kind
    return [error.field for error in refusal.value.field_errors]


@pytest.mark.parametrize(
    ("rows", "kind", "fields"),
    [
        ([{}, {"node_id": "taken"}], Conflict, ["nodes.1.node_id"]),
        ([{"node_id": "twice"}, {"node_id": "twice"}], Conflict, ["nodes.1.node_id"]),
        (
            [{"internal_ip": "10.0.0.1"}, {"wireguard_public_key": KEY}],
            Conflict,
            ["nodes.0.internal_ip", "nodes.1.wireguard_public_key"],
        ),
        ([{"external_ip": "192.0.2.1"}] * 2, Conflict, ["nodes.1.external_ip"]),
        ([{"wireguard_ip": "10.90.0.9"}] * 2, Conflict, ["nodes.1.wireguard_ip"]),
        ([{"wireguard_ip": "10.90.0.1"}], Conflict, ["nodes.0.wireguard_ip"]),
        ([{"wireguard_ip": "10.91.0.1"}], BadInput, ["nodes.0.wireguard_ip"]),
        ([{"cluster_id": "nowhere"}, {}], BadInput, ["nodes.0.cluster_id"]),
        ([{"project": "nowhere"}] * 2, BadInput, ["nodes.0.project", "nodes.1.project"]),
        ([{"node_type": "taken"}], Conflict, ["nodes.0.node_type"]),
        # One row that can never pass makes the whole request one that need not be repeated.
        (
            [{"node_id": "taken"}, {"cluster_id": "nowhere"}],
            BadInput,
            ["nodes.0.node_id", "nodes.1.cluster_id"],
        ),
        # What a refused row asks for stays free for a later one.
        (
            [
                {"node_id": "taken", "wireguard_public_key": OTHER_KEY},
                {"wireguard_public_key": OTHER_KEY},
            ],
            Conflict,
            ["nodes.0.node_id"],
        ),
    ],
)
def test_each_bad_row_is_named_and_no_row_is_registered(
    store: Database, rows: list[dict[str, Any]], kind: type[ServiceError], fields: list[str]
) -> None:
    assert find_errors(store, kind, *rows) == fields


def test_a_private_address_may_repeat_in_another_cluster(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session)
        add_cluster(session, "other", "10.91.0.0/24")
        nodes = register(
            session,
            {"internal_ip": "10.0.0.1"},
            {"internal_ip": "10.0.0.1", "cluster_id": "other"},
        )
    assert [node.wireguard_ip for node in nodes] == ["10.90.0.1", "10.91.0.1"]


def test_a_mesh_address_that_a_later_row_names_is_given_to_no_earlier_one(
    store: Database,
) -> None:
    with store.writing() as session:
        add_cluster(session)
        nodes = register(session, {}, {"wireguard_ip": "10.90.0.1"}, {})
    assert [node.wireguard_ip for node in nodes] == ["10.90.0.2", "10.90.0.1", "10.90.0.3"]


def test_a_mesh_that_is_too_small_for_all_takes_none(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session, prefix="10.90.0.0/30")
    with pytest.raises(Exhausted), store.writing() as session:
        register(session, {}, {}, {})
    with store.writing() as session:
        assert not session.scalars(select(Node)).all()
        nodes = register(session, {}, {})
    assert [node.wireguard_ip for node in nodes] == ["10.90.0.1", "10.90.0.2"]


def test_all_nodes_of_a_request_share_a_revision_and_each_has_a_record(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session)
    with store.writing() as session:
        nodes = register(session, {"reason": "more load"}, {"region": "eu-1"}, source="csv")
        assert {(node.revision, node.source, node.state) for node in nodes} == {
            (nodes[0].revision, "csv", "planned")
        }
        query = select(AuditRecord).where(AuditRecord.action == "register")
        records = session.scalars(query.order_by(AuditRecord.id)).all()[-2:]
    assert [(record.subject, record.reason) for record in records] == [
        ("n-0", "more load"),
        ("n-1", None),
    ]
    assert (records[1].after or {})["region"] == "eu-1"
    assert (records[1].after or {})["wireguard_ip"] == "10.90.0.2"


def test_no_nodes_are_no_change_of_the_fleet(store: Database) -> None:
    with store.writing() as session:
        assert register(session) == []
        assert not revision_bumped(session)


@pytest.mark.parametrize(
    ("field", "relocated"),
    [
        ("nodes.0.node_id", "row 0: node_id"),
        ("nodes.12.labels.nodes.3.x", "row 12: labels.nodes.3.x"),
        ("nodes.1.vars.two\nlines", "row 1: vars.two\nlines"),
        ("nodes", "nodes"),
        ("nodes.x.node_id", "nodes.x.node_id"),
        ("reason", "reason"),
    ],
)
def test_an_error_is_relocated_by_its_row(field: str, relocated: str) -> None:
    def relocate(row: int, cell: FieldError) -> FieldError:
        return replace(cell, field=f"row {row}: {cell.field}")

    assert relocate_row(FieldError(field, "is bad"), relocate) == FieldError(relocated, "is bad")


def test_many_take_addresses_that_were_given_before_with_as_few_statements_as_some(
    store: Database,
) -> None:
    at_once = AddressAllocator(quarantine=timedelta(0))
    counted = []
    with store.writing() as session:
        add_cluster(session)
    for addresses in (range(10, 13), range(20, 60)):
        for turn in ("old", "new"):
            rows = [
                make_registration(f"{turn}-{number}", wireguard_ip=f"10.90.0.{number}")
                for number in addresses
            ]
            with noted_statements(store.engine) as sent, store.writing() as session:
                register_nodes(session, ACTOR, rows, allocator=at_once)
            names = [row.node_id for row in rows]
            with store.writing() as session:
                retire_nodes(session, ACTOR, names, "done")
        counted.append(sum(not one.startswith("INSERT") for one in sent))
    assert counted[0] == counted[1]
