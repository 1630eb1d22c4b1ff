# SPDX-License-Identifier: Apache-2.0
"""What a run has of a plan: its result, or how many approvals are missing."""

from datetime import UTC, datetime, timedelta

from inventory_service.runs.domain.plans import PlanBasis, PlanResult
from inventory_service.runs.models.runs import Run


def test_a_run_of_its_own_needs_no_approval() -> None:
    assert Run().missing_approvals == 0


def test_the_missing_approvals_are_counted_and_explained() -> None:
    run = Run(approvals_given=1)
    run.need_approvals(3, "admin", timedelta(hours=1))
    assert run.missing_approvals == 2
    assert run.approvals == {"needed": 3, "given": 1}
    assert run.expires_at is not None
    assert timedelta(minutes=59) < run.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert run.explain_approvals().startswith(
        "has 1 of 3 approvals by the role admin, and waits for the others until 2"
    )


def test_a_plan_keeps_its_result() -> None:
    run = Run(is_plan=True)
    run.conclude(PlanResult("d", 4, PlanBasis("a", "b", "c")))
    assert (run.digest, run.changes) == ("d", 4)
    assert run.basis == {"order": "a", "playbook": "b", "fleet": "c"}
