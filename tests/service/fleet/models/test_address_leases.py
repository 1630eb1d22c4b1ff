# SPDX-License-Identifier: Apache-2.0
"""Addresses of a mesh: whoever may have one gets one, and never one that another has or had."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import create_engine, update
from sqlalchemy.orm import Session

from inventory_service.core.database.base import Base
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.clusters import get_address, get_capacity
from inventory_service.fleet.models.address_leases import AddressLease, ClusterLeases
from inventory_service.fleet.models.clusters import Cluster
from tests.service.statements import noted_statements

PREFIX = "10.90.0.0/29"
ADDRESSES = [get_address(PREFIX, offset) for offset in range(1, get_capacity(PREFIX) + 1)]
QUARANTINE = timedelta(days=1)
ALLOCATOR = AddressAllocator(QUARANTINE)


def open_mesh(prefix: str) -> Session:
    """Return a session of a database of its own, in which the cluster 'main' has this prefix."""
    session = Session(create_engine("sqlite://"))
    Base.metadata.create_all(session.get_bind(), tables=[Cluster.__table__, AddressLease.__table__])
    now = datetime.now(UTC)
    cluster = Cluster(
        cluster_id="main",
        cluster_type="regional",
        mesh_prefix=prefix,
        mesh_port=51820,
        created_at=now,
        revision=1,
    )
    session.add(cluster)
    session.commit()
    return session


def close_mesh(session: Session) -> None:
    session.close()
    session.get_bind().dispose()


def give(session: Session, wanted: list[str | None]) -> list[str]:
    """Give these addresses, and any for each None, in one act."""
    cluster = session.get_one(Cluster, "main")
    leases = ClusterLeases(session, "main", for_many=len(wanted) > 1)
    free = ALLOCATOR.start(cluster, leases, now=datetime.now(UTC))
    given = [free.choose(address) for address in sorted(wanted, key=lambda one: one is None)]
    for address in given:
        leases.give(address, node_pk=1)
    session.commit()
    return given


def release(session: Session, *addresses: str, before: timedelta = timedelta(0)) -> None:
    """Give addresses back, so long ago."""
    at = datetime.now(UTC) - before
    query = update(AddressLease).where(AddressLease.address.in_(addresses))
    session.execute(query.values(released_at=at))
    session.commit()


class Mesh(RuleBasedStateMachine):
    """A mesh with room for six, beside it what each of its addresses is known to be."""

    def __init__(self) -> None:
        super().__init__()
        self.session = open_mesh(PREFIX)
        self.held: set[str] = set()
        self.resting: set[str] = set()

    @rule(wanted=st.lists(st.none() | st.sampled_from(ADDRESSES), min_size=1, max_size=4))
    def register(self, wanted: list[str | None]) -> None:
        free = set(ADDRESSES) - self.held - self.resting
        asked = [address for address in wanted if address is not None]
        is_possible = len(asked) == len(set(asked)) and free.issuperset(asked)
        try:
            given = give(self.session, wanted)
        except Conflict:
            self.session.rollback()
            assert not is_possible or len(wanted) > len(free)
            return
        assert is_possible
        assert free.issuperset(given)
        assert len(set(given)) == len(wanted)
        self.held.update(given)

    @rule(address=st.sampled_from(ADDRESSES))
    def retire(self, address: str) -> None:
        if address in self.held:
            release(self.session, address)
            self.held.remove(address)
            self.resting.add(address)

    @rule()
    def rest(self) -> None:
        release(self.session, *self.resting, before=QUARANTINE)
        self.resting.clear()

    def teardown(self) -> None:
        close_mesh(self.session)


class TestMesh(Mesh.TestCase):
    """Only who asks while no address is free and rested is refused for it."""

    settings = settings(stateful_step_count=20)


def test_many_that_come_after_the_last_unused_address_ask_for_rested_ones_once() -> None:
    session = open_mesh("10.90.0.0/24")
    old = give(session, [None] * 254)
    release(session, *old, before=QUARANTINE)
    with noted_statements(session.get_bind()) as asked:
        given = give(session, [None] * 200)
    assert len(set(given)) == 200
    assert sum("released_at <=" in statement for statement in asked) == 1
    close_mesh(session)
