# SPDX-License-Identifier: Apache-2.0
"""Workflows: steps, and which of them follow which; all else is refused by name."""

import enum
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from inventory_service.core.actors import Role
from inventory_service.core.field_types import Label, Line, Reason
from inventory_service.core.inputs import Input
from inventory_service.fleet.domain.catalog import CatalogChange
from inventory_service.runs.domain.orders import RunChoices
from inventory_service.runs.domain.templates import (
    SECONDS_A_DAY,
    ApproverRole,
    TemplateName,
    VariableName,
)

MOST_STEPS = 50


class StepKind(enum.StrEnum):
    """What a step does."""

    RUN = "run"
    APPROVAL = "approval"


class Condition(enum.StrEnum):
    """How a step must have ended for another one to follow it."""

    SUCCESS = "success"
    FAILURE = "failure"
    CHANGED = "changed"
    ALWAYS = "always"


class Join(enum.StrEnum):
    """How many of the steps that one needs must have ended as it needs them."""

    ALL = "all"
    ANY = "any"


class Need(Input):
    """A step that another one follows."""

    step: Label
    #: Not `on`, which YAML 1.1 takes for true.
    when: Condition = Condition.SUCCESS


class HostsFrom(Input):
    """The hosts of an earlier step, as the limit of a later one."""

    step: Label
    hosts: Literal["all", "failed", "changed"] = "all"


class WorkflowStep(RunChoices):
    """One step: a run of a template, or an approval."""

    step: Label
    kind: StepKind = StepKind.RUN
    needs: list[Need] = Field(
        default_factory=list, max_length=MOST_STEPS, description="none: it begins at once"
    )
    join: Join = Join.ALL
    template: TemplateName | None = Field(default=None, description="of a run")
    answers_from: dict[VariableName, VariableName] = Field(
        default_factory=dict,
        max_length=200,
        description="questions of the template, and the questions of the workflow that answer them",
    )
    limit_from: HostsFrom | None = None
    message: Line | None = Field(default=None, description="what an approver has to know")
    approvals_needed: int = Field(default=1, ge=1, le=20)
    approver_role: ApproverRole = Role.APPROVER
    approval_expiry_s: int = Field(default=SECONDS_A_DAY, ge=60, le=30 * SECONDS_A_DAY)

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        """Refuse what belongs to the other kind of step, by name.

        :raises ValueError: a field does.
        """
        # By value: what is stored holds each field.
        given = {
            name
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True)
        }
        if self.kind is StepKind.RUN and self.template is None:
            raise ValueError(f"step '{self.step}' is a run, and needs a template")
        if self.kind is StepKind.RUN:
            foreign = given & _OF_APPROVALS
        else:
            foreign = given - _OF_APPROVALS - {"step", "kind", "needs", "join"}
        if foreign:
            raise ValueError(f"step '{self.step}' of kind {self.kind} can't have {min(foreign)}")
        if self.limit and self.limit_from:
            raise ValueError(f"step '{self.step}' has both limit and limit_from: choose one")
        return self


_OF_APPROVALS = frozenset({"message", "approvals_needed", "approver_role", "approval_expiry_s"})


def check_steps(steps: list[WorkflowStep]) -> list[WorkflowStep]:
    """Return the steps if each can begin some day.

    :raises ValueError: two have the same name, one needs what is not there, or they go in a cycle.
    """
    names = [one.step for one in steps]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two steps are called '{name}'")
    graph = {one.step: [need.step for need in one.needs] for one in steps}
    for name, needed in graph.items():
        for other in needed:
            if other not in graph:
                raise ValueError(f"step '{name}' needs '{other}', which is no step")
            if needed.count(other) > 1:
                raise ValueError(f"step '{name}' needs '{other}' twice")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"steps wait for each other: {cycle}") from error
    for one in steps:
        if one.limit_from and one.limit_from.step not in _list_ancestors(graph, one.step):
            raise ValueError(
                f"step '{one.step}' takes the hosts of '{one.limit_from.step}', which does not end "
                "before it: add it to needs"
            )
    return steps


def _list_ancestors(graph: Mapping[str, Sequence[str]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[name])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += graph[one]
    return found


Steps = Annotated[
    list[WorkflowStep],
    Field(min_length=1, max_length=MOST_STEPS),
    AfterValidator(check_steps),
]


class WorkflowChange(CatalogChange):
    """The fields of a workflow that can change; runs that have begun go on as they were."""

    description: Line | None = None
    survey: dict[str, Any] | None = Field(
        default=None, description="questions of the workflow, as those of a template"
    )
    launch_role: Role = Field(
        default=Role.OPERATOR,
        description="of those who may order it; for each template they need its role, too",
    )
    steps: Steps | None = None


class WorkflowRegistration(WorkflowChange):
    """A new workflow."""

    workflow: Label
    steps: Steps


class WorkflowOrder(Input):
    """A run of a workflow that somebody wants."""

    workflow: Label
    answers: dict[str, Any] = Field(default_factory=dict, max_length=200)
    reason: Reason | None = None


class WorkflowRelaunch(Input):
    """The same once more: all of it, or what did not end well."""

    steps: Literal["all", "failed"] = Field(
        default="failed",
        description="`failed`: steps that ended well stay as they are, all others begin anew",
    )
    reason: Reason | None = None


class StepDecision(Input):
    """An approval or a rejection of a step."""

    decision: Literal["approve", "reject"]
    comment: Reason | None = None

    @model_validator(mode="after")
    def _check_comment(self) -> Self:
        """Refuse a rejection from which nobody learns anything.

        :raises ValueError: it has no comment.
        """
        if self.decision == "reject" and not (self.comment or "").strip():
            raise ValueError("a rejection needs a comment: what would have to be otherwise")
        return self
