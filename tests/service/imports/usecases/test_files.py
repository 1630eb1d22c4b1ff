# SPDX-License-Identifier: Apache-2.0
"""The format of a file decides how it is read; it is recorded only where that is asked for."""

import json

import pytest
from sqlalchemy import select

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.fleet.models.nodes import Node
from inventory_service.imports.domain.projects_plan import ImportRequest
from inventory_service.imports.usecases.files import apply_import, plan_import, read_file
from tests.service.fleet_rows import ACTOR, ALLOCATOR, add_cluster

CSV = "Project,Servers,MasterSpec,WebSpec\nshop,2,s-1vcpu-1gb,s-1vcpu-1gb\n"
NODES = json.dumps([{"node_id": "web-1", "node_type": "web"}])
OUTPUTS = json.dumps(
    {"quartermaster_nodes": {"sensitive": False, "value": {"web-1": {"node_type": "web"}}}}
)


@pytest.mark.parametrize("is_applied", [False, True], ids=["planned", "applied"])
@pytest.mark.parametrize(
    ("format_", "content", "source"),
    [("csv", CSV, "csv"), ("nodes", NODES, "api"), ("terraform", OUTPUTS, "terraform")],
    ids=["csv", "nodes", "terraform"],
)
def test_a_file_is_read_by_its_format_and_recorded_on_request(
    store: Database, format_: str, content: str, source: str, *, is_applied: bool
) -> None:
    request = ImportRequest.model_validate(
        {"format": format_, "content": content, "apply": is_applied}
    )
    with store.writing() as session:
        add_cluster(session)
    file = read_file(request)
    with store.writing() if is_applied else store.planning() as session:
        planned = plan_import(session, file)
        plan = apply_import(session, ACTOR, file, planned, allocator=ALLOCATOR)
    with store.reading() as session:
        recorded = {node.node_id: node.source for node in session.scalars(select(Node))}
    added = {node.node_id for node in plan.add}
    assert added
    assert recorded == (dict.fromkeys(added, source) if is_applied else {})


@pytest.mark.parametrize(
    ("content", "format_", "name"),
    [(CSV, "csv", "shop-prod-web-1"), (NODES, "nodes", "web-1")],
    ids=["csv", "nodes"],
)
def test_a_plan_of_another_revision_is_made_again(
    store: Database, content: str, format_: str, name: str
) -> None:
    """Between the plan and the lock, somebody else may have changed the fleet."""
    file = read_file(ImportRequest.model_validate({"format": format_, "content": content}))
    with store.writing() as session:
        add_cluster(session)
    with store.reading() as session:
        planned = plan_import(session, file)
    with store.writing() as session:
        apply_import(session, ACTOR, file, planned, allocator=ALLOCATOR)
    with store.writing() as session:
        plan = apply_import(session, ACTOR, file, planned, allocator=ALLOCATOR)
    assert name in {node.node_id for node in planned.plan.add}
    assert (plan.add, plan.unchanged) == ([], len(planned.plan.add))


def test_a_plan_that_is_made_again_must_be_the_one_that_was_shown(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session)
    shown = read_file(ImportRequest(content=CSV))
    with store.reading() as session:
        planned = plan_import(session, shown)
    digest = planned.plan.digest
    file = read_file(ImportRequest(content=CSV, apply=True, plan_digest=digest))
    with store.writing() as session:
        apply_import(session, ACTOR, file, planned, allocator=ALLOCATOR)
    with store.writing() as session, pytest.raises(Conflict, match="changed since the plan"):
        apply_import(session, ACTOR, file, planned, allocator=ALLOCATOR)
