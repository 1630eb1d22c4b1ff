# SPDX-License-Identifier: Apache-2.0
"""Register and change workflows, whose templates and answers are checked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.usecases.catalog import change_entry, get_entry, register_entry
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.secret_answers import is_secret
from inventory_service.runs.usecases.surveys import check_answers, check_survey
from inventory_service.workflows.domain.workflows import (
    StepKind,
    WorkflowChange,
    WorkflowRegistration,
    WorkflowStep,
)
from inventory_service.workflows.models.workflows import Workflow

_NONE: Mapping[str, Any] = {}


def register_workflow(session: Session, actor: Actor, wanted: WorkflowRegistration) -> Workflow:
    """Register a workflow.

    :raises Conflict: the name is taken.
    :raises BadInput: a template or a question is not there, or an answer does not fit.
    """
    _check(session, wanted.survey, wanted.steps)
    return register_entry(session, actor, Workflow, wanted)


def change_workflow(
    session: Session,
    actor: Actor,
    name: str,
    change: WorkflowChange,
    *,
    expected: Expected = None,
) -> Workflow:
    """Set the fields that the change names; runs that have begun go on as they were.

    :raises NotFound: there was never a workflow of that name.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    :raises BadInput: a template or a question is not there, or an answer does not fit.
    """
    workflow = get_entry(session, Workflow, name)
    named = change.model_fields_set
    if "steps" in named and change.steps is None:
        raise BadInput(
            f"Workflow '{name}' needs steps. `qm workflow retire` ends it.",
            field_errors=[FieldError("steps", "must not be null")],
        )
    survey = change.survey if "survey" in named else workflow.survey
    _check(session, survey, change.steps or workflow.list_steps())
    return change_entry(session, actor, Workflow, name, change, expected=expected)


def _check(
    session: Session, survey: Mapping[str, Any] | None, steps: Sequence[WorkflowStep]
) -> None:
    if survey is not None:
        check_survey(survey)
    questions = (survey or _NONE).get("properties", _NONE)
    faults = []
    for number, step in enumerate(steps):
        if step.kind is StepKind.RUN:
            found = _find_faults(session, step, questions)
            faults += [FieldError(f"steps.{number}.{one.field}", one.reason) for one in found]
    if faults:
        raise BadInput(
            f"The workflow can't be carried out: {faults[0].field} {faults[0].reason}.",
            field_errors=faults,
        )


def _find_faults(
    session: Session, step: WorkflowStep, questions: Mapping[str, Any]
) -> Iterator[FieldError]:
    template = session.get(Template, step.template)
    if template is None or template.retired_at is not None:
        state = "is retired" if template else "does not exist"
        yield FieldError("template", f"'{step.template}' {state}")
        return
    survey = template.survey or {}
    asked = survey.get("properties", _NONE)
    for question, source in step.answers_from.items():
        if question not in asked:
            yield FieldError("answers_from", f"'{question}' is no question of '{step.template}'")
        elif source not in questions:
            yield FieldError("answers_from", f"'{source}' is no question of the workflow")
    for name in step.answers:
        if is_secret(name, asked.get(name, _NONE)):
            yield FieldError(
                f"answers.{name}", "is secret: all could read it here; ask for it by the survey"
            )
    try:
        # What is required may come from the workflow's survey.
        check_answers(session, {**survey, "required": []}, step.answers)
    except BadInput as error:
        yield from error.field_errors
