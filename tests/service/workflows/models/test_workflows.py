# SPDX-License-Identifier: Apache-2.0
"""A workflow gives back its steps as they were written."""

from inventory_service.core.database.engine import Database
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.workflows.models.workflows import Workflow
from tests.service.workflow_rows import Workflows, ask, step


def test_steps_come_back_in_their_order(workflows: Workflows, store: Database) -> None:
    workflows.add(step("z", limit="web-1"), ask("a", "z:always", approvals_needed=3))
    with store.reading() as session:
        first, second = get_entry(session, Workflow, "release").list_steps()
    assert (first.step, first.limit) == ("z", "web-1")
    assert (second.needs[0].when, second.approvals_needed) == ("always", 3)
