# SPDX-License-Identifier: Apache-2.0
"""A catalog entry keeps its name for ever, and is retired only when nothing live refers to it."""

import pytest
from sqlalchemy import func, select

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict, NotFound, PreconditionFailed
from inventory_service.core.revision import revision_bumped
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.domain.projects import ProjectChange, ProjectRegistration
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    check_unused,
    find_missing,
    get_entry,
    register_entry,
    register_names,
    retire_entry,
)
from tests.service.fleet_rows import (
    ACTOR,
    add_cluster,
    add_node,
    add_project,
    add_service,
    move_node,
)

RETIREMENT = RetirementRequest(reason="done")


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a fleet whose project `shop` has a node, and `api` runs in it in prod."""
    with store.writing() as session:
        add_cluster(session)
        add_project(session)
        add_project(session, "idle")
        add_node(session, project="shop", environment="uat")
        add_service(session)
    return store


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        (Cluster, "main", "Cluster 'main' has 1 nodes"),
        (Project, "shop", "Project 'shop' has 1 nodes"),
        (Environment, "uat", "Environment 'uat' has 1 nodes"),
        (Environment, "prod", "Environment 'prod' has 1 services: api"),
        (Project, "idle", None),
        (Environment, "test", None),
        (Service, "api", None),
    ],
)
def test_an_entry_is_retired_only_when_no_live_node_or_service_refers_to_it(
    fleet: Database, kind: type[CatalogEntry], name: str, reason: str | None
) -> None:
    with fleet.writing() as session:
        if reason is None:
            entry = retire_entry(session, ACTOR, kind, name, RETIREMENT)
            assert entry.retired_at is not None
            return
        with pytest.raises(Conflict, match=reason):
            retire_entry(session, ACTOR, kind, name, RETIREMENT)
        assert get_entry(session, kind, name).retired_at is None


def test_retired_nodes_and_services_hold_nothing_back(fleet: Database) -> None:
    with fleet.writing() as session:
        move_node(session, "web-1", NodeState.RETIRED)
        with pytest.raises(Conflict, match="Project 'shop' has 1 services"):
            retire_entry(session, ACTOR, Project, "shop", RETIREMENT)
        retire_entry(session, ACTOR, Service, "api", RETIREMENT)
        for kind, name in ((Project, "shop"), (Cluster, "main"), (Environment, "uat")):
            assert retire_entry(session, ACTOR, kind, name, RETIREMENT).retired_at is not None


def test_a_name_is_not_given_again_after_retirement(fleet: Database) -> None:
    with fleet.writing() as session:
        retire_entry(session, ACTOR, Project, "idle", RETIREMENT)
        with pytest.raises(Conflict, match="There is a project 'idle' already"):
            register_entry(session, ACTOR, Project, ProjectRegistration(project="idle"))
        with pytest.raises(Conflict, match="retired"):
            change_entry(session, ACTOR, Project, "idle", ProjectChange(owner="ops"))
        with pytest.raises(Conflict, match="retired"):
            retire_entry(session, ACTOR, Project, "idle", RETIREMENT)
        # Kinds do not share their names.
        check_unused(session, Environment, "idle")


def test_a_change_sets_what_it_names_and_clears_what_is_null(fleet: Database) -> None:
    with fleet.writing() as session:
        wanted = ProjectRegistration(project="new", owner="ops", description="a shop")
        register_entry(session, ACTOR, Project, wanted)
        entry = change_entry(session, ACTOR, Project, "new", ProjectChange(owner=None))
    assert (entry.owner, entry.description) == (None, "a shop")


def test_a_change_to_what_is_there_already_leaves_no_record(fleet: Database) -> None:
    count = select(func.count()).select_from(AuditRecord)
    change = ProjectChange(owner=None, reason="to be sure")
    with fleet.writing() as session:
        before = session.scalar(count)
        change_entry(session, ACTOR, Project, "idle", change)
        assert session.scalar(count) == before
        assert not revision_bumped(session)


def test_a_change_of_what_somebody_else_has_changed_is_refused(fleet: Database) -> None:
    with fleet.writing() as session:
        seen = get_entry(session, Project, "idle").revision
        change = ProjectChange(owner="ops")
        changed = change_entry(session, ACTOR, Project, "idle", change, expected={str(seen)})
        assert changed.revision > seen
    change = ProjectChange(owner="sales")
    with fleet.writing() as session, pytest.raises(PreconditionFailed):
        change_entry(session, ACTOR, Project, "idle", change, expected={str(seen)})


def test_an_unknown_name_is_shortened_in_the_message(fleet: Database) -> None:
    with fleet.reading() as session, pytest.raises(NotFound) as refusal:
        get_entry(session, Project, "x" * 255)
    assert f"There is no project '{'x' * 64}'." in refusal.value.detail


def test_names_are_missing_until_they_are_registered_and_after_it_never_again(
    store: Database,
) -> None:
    names = ["shop", "blog", "shop"]
    with store.writing() as session:
        assert find_missing(session, Project, names) == ["blog", "shop"]
        register_names(session, ACTOR, Project, ["blog"])
        retire_entry(session, ACTOR, Project, "blog", RetirementRequest())
        assert find_missing(session, Project, names) == ["shop"]
        register_names(session, ACTOR, Project, ["shop"])
        assert get_entry(session, Project, "shop").as_dict()["description"] is None
        assert find_missing(session, Project, names) == []


def test_of_many_services_the_first_five_are_named(fleet: Database) -> None:
    with fleet.writing() as session:
        for number in range(1, 6):
            add_service(session, f"web-{number}")
        named = r"has 6 services: api, web-1, web-2, web-3, web-4\. Retire"
        with pytest.raises(Conflict, match=named):
            retire_entry(session, ACTOR, Environment, "prod", RETIREMENT)
