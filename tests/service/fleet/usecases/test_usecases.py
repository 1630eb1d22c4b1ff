# SPDX-License-Identifier: Apache-2.0
"""What all acts share: one revision, one record of who did it, and no commit of their own."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.revision import get_revision
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.clusters import ClusterChange, ClusterRegistration
from inventory_service.fleet.domain.environments import EnvironmentChange, EnvironmentRegistration
from inventory_service.fleet.domain.nodes import (
    NodeChange,
    NodeRegistration,
    NodeState,
    TransitionRequest,
)
from inventory_service.fleet.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.fleet.domain.services import ServiceChange, ServiceRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import change_entry, register_entry, retire_entry
from inventory_service.fleet.usecases.changes import change_node
from inventory_service.fleet.usecases.clusters import register_cluster
from inventory_service.fleet.usecases.nodes import transition_node
from inventory_service.fleet.usecases.registrations import register_node
from inventory_service.fleet.usecases.services import change_service, register_service
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.usecases.tokens import create_token
from inventory_service.imports.domain.projects_plan import ImportRequest
from inventory_service.imports.usecases.files import apply_import, plan_import, read_file

ACTOR = Actor("somebody", Channel.ANSIBLE, Scope.OPERATOR)
ALLOCATOR = AddressAllocator(quarantine=timedelta(days=1))
CSV = "Project,Servers,MasterSpec,WebSpec\nshop,2,s-1vcpu-1gb,s-1vcpu-1gb\n"
FILE = read_file(ImportRequest(content=CSV, cluster="main"))

Act = Callable[[Session], object]

ACTS: dict[str, Act] = {
    "register a cluster": lambda session: register_cluster(
        session, ACTOR, ClusterRegistration(cluster_id="new", mesh_prefix="10.91.0.0/24")
    ),
    "change a cluster": lambda session: change_entry(
        session, ACTOR, Cluster, "main", ClusterChange(region="eu-1")
    ),
    "retire a cluster": lambda session: retire_entry(
        session, ACTOR, Cluster, "empty", RetirementRequest(reason="done")
    ),
    "register a project": lambda session: register_entry(
        session, ACTOR, Project, ProjectRegistration(project="new")
    ),
    "change a project": lambda session: change_entry(
        session, ACTOR, Project, "idle", ProjectChange(owner="sales")
    ),
    "retire a project": lambda session: retire_entry(
        session, ACTOR, Project, "idle", RetirementRequest(reason="done")
    ),
    "register an environment": lambda session: register_entry(
        session, ACTOR, Environment, EnvironmentRegistration(environment="new")
    ),
    "change an environment": lambda session: change_entry(
        session, ACTOR, Environment, "uat", EnvironmentChange(owner="sales")
    ),
    "retire an environment": lambda session: retire_entry(
        session, ACTOR, Environment, "uat", RetirementRequest(reason="done")
    ),
    "register a service": lambda session: register_service(
        session,
        ACTOR,
        ServiceRegistration(service="new", project="shop", environment="prod"),
    ),
    "change a service": lambda session: change_service(
        session, ACTOR, "api", ServiceChange(node_types=["web"])
    ),
    "retire a service": lambda session: retire_entry(
        session, ACTOR, Service, "api", RetirementRequest(reason="done")
    ),
    "register a node": lambda session: register_node(
        session,
        ACTOR,
        NodeRegistration(node_id="web-2", node_type="web", cluster_id="main"),
        allocator=ALLOCATOR,
    ),
    "change a node": lambda session: change_node(
        session, ACTOR, "web-1", NodeChange(labels={"tier": "front"}), allocator=ALLOCATOR
    ),
    "change the state of a node": lambda session: transition_node(
        session, ACTOR, "web-1", TransitionRequest(state=NodeState.RETIRED, reason="done")
    ),
    "apply an import": lambda session: apply_import(
        session, ACTOR, FILE, plan_import(session, FILE), allocator=ALLOCATOR
    ),
    "create a token": lambda session: create_token(session, ACTOR, TokenRequest(name="robot")),
}


@pytest.fixture
def fleet(database: Database) -> Database:
    """Return a database with a node, a service, and what nothing belongs to."""
    with database.writing() as session:
        for name, prefix in (("main", "10.90.0.0/24"), ("empty", "10.92.0.0/24")):
            wanted = ClusterRegistration(cluster_id=name, mesh_prefix=prefix)
            register_cluster(session, ACTOR, wanted)
        register_entry(session, ACTOR, Project, ProjectRegistration(project="idle"))
        register_entry(session, ACTOR, Project, ProjectRegistration(project="shop"))
        api = ServiceRegistration(service="api", project="shop", environment="prod")
        register_service(session, ACTOR, api)
        node = NodeRegistration(node_id="web-1", node_type="web", cluster_id="main")
        register_node(session, ACTOR, node, allocator=ALLOCATOR)
    return database


def seen(database: Database) -> tuple[int, int]:
    """Return the revision and the number of records, as another reader sees them."""
    with database.reading() as session:
        count = session.execute(select(func.count()).select_from(AuditRecord)).scalar_one()
        return get_revision(session), count


class Changed(Exception):
    """The door has changed its mind."""


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_act_makes_one_revision_and_records_who_did_it(fleet: Database, act: Act) -> None:
    revision, count = seen(fleet)
    with fleet.writing() as session:
        act(session)
    assert seen(fleet)[0] == revision + 1
    with fleet.reading() as session:
        query = select(AuditRecord).order_by(AuditRecord.id).offset(count)
        records = session.scalars(query).all()
        assert records
        assert {(entry.actor, entry.door) for entry in records} == {("somebody", "ansible")}
        assert {entry.revision for entry in records} == {revision + 1}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_is_kept_when_the_door_changes_its_mind(fleet: Database, act: Act) -> None:
    before = seen(fleet)

    def act_and_stop() -> None:
        with fleet.writing() as session:
            act(session)
            raise Changed

    with pytest.raises(Changed):
        act_and_stop()
    assert seen(fleet) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_act_is_not_seen_before_its_door_commits(fleet: Database, act: Act) -> None:
    before = seen(fleet)
    with fleet.writing() as session:
        act(session)
        session.flush()
        assert seen(fleet) == before
