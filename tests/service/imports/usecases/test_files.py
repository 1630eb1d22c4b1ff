# SPDX-License-Identifier: Apache-2.0
"""The format of a file decides how it is read; it is recorded only where that is asked for."""

import json

import pytest
from sqlalchemy import select

from inventory_service.core.database.engine import Database
from inventory_service.fleet.models.nodes import Node
from inventory_service.imports.domain.projects_plan import ImportRequest
from inventory_service.imports.usecases.files import import_file
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
        plan = import_file(session, ACTOR, request, allocator=ALLOCATOR)
    with store.reading() as session:
        recorded = {node.node_id: node.source for node in session.scalars(select(Node))}
    added = {node.node_id for node in plan.add}
    assert added
    assert recorded == (dict.fromkeys(added, source) if is_applied else {})
