# SPDX-License-Identifier: Apache-2.0
"""A workflow's steps are checked before anything is begun, and what is wrong is named."""

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.workflows.domain.workflows import StepDecision, WorkflowRegistration


def run(name: str, *needs: str, **fields: Any) -> dict[str, Any]:
    found = [{"step": need} for need in needs]
    return {"step": name, "template": "site", "needs": found} | fields


def ask(name: str, **fields: Any) -> dict[str, Any]:
    return {"step": name, "kind": "approval"} | fields


#: Steps, a part of the reason.
WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([], "at least 1 item"),
    ([run(f"s{number}") for number in range(51)], "at most 50 items"),
    ([run("a"), run("a")], "two steps are called 'a'"),
    ([run("a", "b")], "needs 'b', which is no step"),
    ([run("a"), run("b", "a", "a")], "needs 'a' twice"),
    ([run("a", "a")], "wait for each other: a -> a"),
    ([run("a", "c"), run("b", "a"), run("c", "b")], "wait for each other"),
    ([{"step": "a"}], "'a' is a run, and needs a template"),
    ([run("a", message="x")], "of kind run can't have message"),
    ([ask("a", template="site")], "of kind approval can't have template"),
    ([ask("a", limit="web-1")], "of kind approval can't have limit"),
    ([ask("a", approvals_needed=0)], "approvals_needed"),
    ([run("a", limit="x", limit_from={"step": "a"})], "both limit and limit_from"),
    ([run("a"), run("b", limit_from={"step": "a"})], "does not end before it"),
    ([run("a"), run("b", "a", limit_from={"step": "a", "hosts": "new"})], "hosts"),
    ([run("a", code="x")], "code"),
    ([run("A")], "RFC 1123"),
    ([run("a", needs=[{"step": "b", "when": "maybe"}])], "when"),
    ([run("a", answers_from={"ansible_ssh_args": "x"})], "could run code"),
]


@pytest.mark.parametrize(("steps", "reason"), WRONG)
def test_what_is_wrong_is_named(steps: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        WorkflowRegistration.model_validate({"workflow": "release", "steps": steps})


def test_the_cycle_is_named_in_its_order() -> None:
    steps = [run("one", "three"), run("two", "one"), run("three", "two")]
    with pytest.raises(ValidationError) as caught:
        WorkflowRegistration.model_validate({"workflow": "release", "steps": steps})
    cycle = str(caught.value).partition("each other: ")[2].partition(" [")[0].split(" -> ")
    assert len(cycle) == 4
    assert cycle[0] == cycle[-1]
    needs = {"one": "three", "two": "one", "three": "two"}
    assert all(needs[one] == other for one, other in pairwise(cycle))


def test_steps_have_what_is_usual_unless_it_is_said() -> None:
    steps = [run("a"), ask("b", needs=[{"step": "a"}]), run("c", "b", limit_from={"step": "a"})]
    found = WorkflowRegistration.model_validate({"workflow": "release", "steps": steps}).steps
    assert [one.kind for one in found] == ["run", "approval", "run"]
    assert (found[1].needs[0].when, found[1].join) == ("success", "all")
    assert (found[1].approvals_needed, found[1].approver_role) == (1, "approver")
    assert found[2].limit_from is not None
    assert found[2].limit_from.hosts == "all"


@pytest.mark.parametrize("comment", [None, "", "  "])
def test_a_rejection_says_why(comment: str | None) -> None:
    with pytest.raises(ValidationError, match="needs a comment"):
        StepDecision(decision="reject", comment=comment)
    StepDecision(decision="approve", comment=comment)
