# SPDX-License-Identifier: Apache-2.0
"""A step is approved by people with the role, each once, and not by who ordered it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.actors import Actor, Channel, Role, Scope
from inventory_service.core.errors import Conflict, Forbidden
from inventory_service.workflows.domain.approvals import StepCandidate, check_step_decision

NOW = datetime(2027, 1, 1, tzinfo=UTC)
BOB = Actor("bob", Channel.API, Scope.ADMIN, frozenset({(Role.APPROVER, None)}))
STEP = StepCandidate(
    label="Step 'ask'",
    state="awaiting_approval",
    requested_by="ada",
    approver_role=Role.APPROVER,
    expires_at=NOW + timedelta(seconds=1),
    approvers=["carl"],
)
OPERATOR = replace(BOB, grants=frozenset({(Role.OPERATOR, None)}))
#: The step, who decides, the error, a part of its text.
REFUSED = [
    (replace(STEP, state="running"), BOB, Conflict, "is running"),
    (replace(STEP, expires_at=NOW), BOB, Conflict, "waited until 2027-01-01T00:00:00Z"),
    (STEP, OPERATOR, Forbidden, "needs approver"),
    (replace(STEP, requested_by="bob"), BOB, Forbidden, "somebody else"),
    (replace(STEP, approvers=["bob"]), BOB, Conflict, "has decided"),
    (replace(STEP, approver_role=Role.ADMIN), BOB, Forbidden, "needs admin"),
]


def test_who_has_the_role_decides() -> None:
    check_step_decision(STEP, BOB, is_of_run=False, now=NOW)


@pytest.mark.parametrize(("step", "actor", "kind", "reason"), REFUSED)
def test_others_do_not(
    step: StepCandidate, actor: Actor, kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        check_step_decision(step, actor, is_of_run=False, now=NOW)


def test_a_run_does_not_approve_what_follows_it() -> None:
    with pytest.raises(Forbidden, match="Only people"):
        check_step_decision(STEP, BOB, is_of_run=True, now=NOW)
