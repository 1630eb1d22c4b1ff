# SPDX-License-Identifier: Apache-2.0
"""Who may approve a run, and when: a table of cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.approvals.domain import (
    Candidate,
    Decision,
    DecisionRequest,
    check_decision,
)
from inventory_service.core.actors import Actor, Channel, Grant, Role, Scope
from inventory_service.core.errors import Conflict, Forbidden, ServiceError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DIGEST, OTHER = "a" * 64, "b" * 64
CANDIDATE = Candidate(
    run_id=7,
    state="awaiting_approval",
    is_awaiting=True,
    requested_by="anna",
    approver_role=Role.APPROVER,
    digest=DIGEST,
    expires_at=NOW + timedelta(hours=1),
    approvers=("carl",),
)
FOR_ADMINS: dict[str, Any] = {"approver_role": Role.ADMIN}
ENDED: dict[str, Any] = {"is_awaiting": False, "state": "rejected"}
LATE: dict[str, Any] = {"expires_at": NOW}

#: Who, with which scope, what of the run is otherwise, the error and a word of it.
CASES: list[tuple[str, Scope, dict[str, Any], type[ServiceError] | None, str]] = [
    ("bert", Scope.OPERATOR, {}, None, ""),
    ("bert", Scope.ADMIN, {}, None, ""),
    ("bert", Scope.ADMIN, FOR_ADMINS, None, ""),
    ("bert", Scope.VIEWER, {}, Forbidden, "needs approver"),
    ("bert", Scope.OPERATOR, FOR_ADMINS, Forbidden, "needs admin"),
    ("anna", Scope.OPERATOR, {}, Forbidden, "somebody else must"),
    ("anna", Scope.ADMIN, {}, Forbidden, "somebody else must"),
    ("carl", Scope.ADMIN, {}, Conflict, "already"),
    ("bert", Scope.ADMIN, ENDED, Conflict, "is rejected"),
    ("bert", Scope.ADMIN, LATE, Conflict, "until 2026-05-01T12:00:00Z"),
]


@pytest.mark.parametrize(("name", "scope", "changes", "error", "word"), CASES)
def test_who_may_approve(
    name: str,
    scope: Scope,
    changes: dict[str, Any],
    error: type[ServiceError] | None,
    word: str,
) -> None:
    candidate = replace(CANDIDATE, **changes)
    actor = Actor(name, Channel.API, scope)
    if error is None:
        check_decision(candidate, actor, digest=DIGEST, is_of_run=False, now=NOW)
        return
    with pytest.raises(error, match=word):
        check_decision(candidate, actor, digest=DIGEST, is_of_run=False, now=NOW)


@pytest.mark.parametrize(
    ("grants", "may"),
    [
        ([(Role.APPROVER, None)], True),
        ([(Role.VIEWER, None), (Role.APPROVER, None)], True),
        ([(Role.ADMIN, None)], True),
        # An operator is no approver.
        ([(Role.OPERATOR, None)], False),
        ([(Role.VIEWER, None)], False),
        ([], False),
    ],
)
def test_it_takes_the_role_of_an_approver(grants: list[Grant], *, may: bool) -> None:
    actor = Actor("bert", Channel.API, Scope.ADMIN, frozenset(grants))
    if may:
        check_decision(CANDIDATE, actor, digest=DIGEST, is_of_run=False, now=NOW)
        return
    with pytest.raises(Forbidden, match="needs approver"):
        check_decision(CANDIDATE, actor, digest=DIGEST, is_of_run=False, now=NOW)


def test_a_playbook_approves_nothing() -> None:
    actor = Actor("bert", Channel.API, Scope.OPERATOR, token="run-3-1")
    with pytest.raises(Forbidden, match="Only people"):
        check_decision(CANDIDATE, actor, digest=DIGEST, is_of_run=True, now=NOW)


def test_another_plan_than_was_read_is_refused_with_both_digests() -> None:
    actor = Actor("bert", Channel.API, Scope.ADMIN)
    with pytest.raises(Conflict) as caught:
        check_decision(CANDIDATE, actor, digest=OTHER, is_of_run=False, now=NOW)
    assert DIGEST in caught.value.detail
    assert OTHER in caught.value.detail


@pytest.mark.parametrize(
    "fields",
    [
        {"digest": "a" * 63},
        {"digest": "A" * 64},
        {"decision": "maybe"},
        {"decision": "reject"},
        {"decision": "reject", "comment": "  "},
        {"comment": "x" * 1001},
    ],
)
def test_a_decision_of_another_form_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DecisionRequest.model_validate({"digest": DIGEST, "decision": "approve"} | fields)


def test_a_rejection_has_a_comment() -> None:
    found = DecisionRequest.model_validate(
        {"digest": DIGEST, "decision": "reject", "comment": "not on a Friday"}
    )
    assert found.decision is Decision.REJECT
