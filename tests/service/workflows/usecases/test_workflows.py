# SPDX-License-Identifier: Apache-2.0
"""A workflow names templates and questions that there are."""

from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import get_entry, retire_entry
from inventory_service.runs.models.templates import Template
from inventory_service.workflows.domain.workflows import WorkflowChange
from inventory_service.workflows.models.workflows import Workflow
from inventory_service.workflows.usecases.workflows import change_workflow
from tests.service.run_rows import ADMIN
from tests.service.workflow_rows import SURVEY, Workflows, ask, step

#: Steps, the field that is wrong, a part of the reason.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    (step("b", template="none"), "steps.1.template", "'none' does not exist"),
    (step("b", answers={"other": 1}), "steps.1.answers.other", "is no question"),
    (step("b", answers={"version": 1}), "steps.1.answers.version", "not of type"),
    (step("b", answers={"pin": "1"}), "steps.1.answers.pin", "is secret"),
    (
        step("b", answers_from={"other": "version"}),
        "steps.1.answers_from",
        "'other' is no question of",
    ),
    (
        step("b", answers_from={"version": "x"}),
        "steps.1.answers_from",
        "no question of the workflow",
    ),
]


@pytest.mark.parametrize(("wrong", "field", "reason"), WRONG)
def test_what_could_not_be_carried_out_is_refused_by_its_place(
    workflows: Workflows, wrong: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        workflows.add(ask("a"), wrong, survey=SURVEY)
    assert [one.field for one in caught.value.field_errors] == [field]


def test_a_wrong_survey_is_refused(workflows: Workflows) -> None:
    with pytest.raises(BadInput, match="survey"):
        workflows.add(step("a"), survey={"type": "array"})


def test_a_retired_template_is_refused(workflows: Workflows, store: Database) -> None:
    with store.writing() as session:
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
    with pytest.raises(BadInput, match="is retired"):
        workflows.add(step("a"))


def test_a_change_is_checked_with_what_stays(workflows: Workflows, store: Database) -> None:
    workflows.add(step("a", answers_from={"version": "version"}), survey=SURVEY)

    def change(**fields: Any) -> None:
        with store.writing() as session:
            change_workflow(session, ADMIN, "release", WorkflowChange(**fields))

    change(description="Releases")
    with pytest.raises(BadInput, match="no question of the workflow"):
        change(survey=None)
    with pytest.raises(BadInput, match="needs steps"):
        change(steps=None)
    change(survey=None, steps=[step("b")])
    with store.reading() as session:
        workflow = get_entry(session, Workflow, "release")
        assert [one.step for one in workflow.list_steps()] == ["b"]
        assert (workflow.description, workflow.survey) == ("Releases", None)
