# SPDX-License-Identifier: Apache-2.0
"""A decision about a step stays, with who made it and through which door."""

from inventory_service.core.database.engine import Database
from inventory_service.workflows.queries import list_decisions
from tests.service.workflow_rows import Workflows, ask


def test_a_decision_is_kept(workflows: Workflows, store: Database) -> None:
    workflows.add(ask("ok", approvals_needed=2))
    run_id = workflows.order()
    workflows.decide(run_id, "ok", "approve")
    with store.reading() as session:
        [found] = [one.as_dict() for one in list_decisions(session, run_id)]
    assert (found["approver"], found["door"], found["decision"]) == ("olga", "cli", "approve")
    assert (found["step"], found["comment"]) == ("ok", "looked at")
