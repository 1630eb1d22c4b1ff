# SPDX-License-Identifier: Apache-2.0
"""A template is checked before it is kept, and a change of it leaves its runs as they were."""

from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, NotFound, PreconditionFailed
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import get_entry, retire_entry
from inventory_service.runs.domain.templates import TemplateChange, TemplateRegistration
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.templates import change_template, register_template
from tests.service.run_rows import ADMIN, PLAYBOOKS, SOURCES, add_template, order

BAD_SURVEY = {"type": "object", "properties": {"x": {"$ref": "#"}}}
SURVEY = {"type": "object", "properties": {"x": {"type": "string", "default": "y"}}}


def test_a_template_is_kept_with_all_its_fields(store: Database) -> None:
    wanted = TemplateRegistration(
        template="deploy",
        playbook=PLAYBOOKS[1],
        description="Deploys",
        limit_variable="deploy_to",
        variables={"x": "{{ y }}"},
        survey=SURVEY,
        tags=["a"],
        skip_tags=["b"],
        forks=7,
        host_lock="shared",
        locks=[{"name": "db"}],
        launch_role="admin",
    )
    with store.writing() as session:
        register_template(session, ADMIN, wanted, sources=SOURCES)
    with store.reading() as session:
        found = get_entry(session, Template, "deploy").as_dict()
    assert wanted.model_dump(mode="json", exclude={"reason"}).items() <= found.items()
    assert found["locks"] == [{"name": "db", "mode": "exclusive"}]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"playbook": "acme.shop.destroy"}, "There is no playbook 'acme.shop.destroy'"),
        ({"playbook": "playbooks/./clean.yml"}, "There is no playbook 'playbooks/./clean.yml'"),
        ({"survey": BAD_SURVEY}, "The survey is not valid"),
        ({"survey": {}}, "The survey is not valid"),
    ],
)
def test_a_template_of_what_is_not_there_or_not_valid_is_refused(
    store: Database, fields: dict[str, Any], reason: str
) -> None:
    wanted = {"template": "deploy", "playbook": PLAYBOOKS[0]} | fields
    with store.writing() as session:
        with pytest.raises(BadInput, match=reason):
            register_template(session, ADMIN, TemplateRegistration(**wanted), sources=SOURCES)
        assert session.get(Template, "deploy") is None


def test_a_change_is_checked_and_holds_for_runs_ordered_from_then_on(store: Database) -> None:
    with store.writing() as session:
        revision = add_template(session, survey=SURVEY, forks=3, variables={"x": 1}).revision
        before = order(session)
    with store.writing() as session:
        with pytest.raises(BadInput, match="The survey is not valid"):
            change_template(session, ADMIN, "deploy", TemplateChange(survey=BAD_SURVEY))
        with pytest.raises(PreconditionFailed):
            change_template(session, ADMIN, "deploy", TemplateChange(forks=9), expected={"0"})
        with pytest.raises(NotFound):
            change_template(session, ADMIN, "destroy", TemplateChange(forks=9))
        change = TemplateChange(forks=9, survey=None, variables={"x": 2})
        changed = change_template(session, ADMIN, "deploy", change, expected={str(revision)})
        assert (changed.forks, changed.survey, changed.host_lock) == (9, None, None)
        after = order(session)
        session.add(before)
        session.refresh(before)
        assert (before.options["forks"], before.variables, before.answers) == (
            3,
            {"x": 1},
            {"x": "y"},
        )
        assert (after.options["forks"], after.variables, after.answers) == (9, {"x": 2}, {})


def test_the_name_of_a_template_is_not_given_again(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
        with pytest.raises(Conflict, match="There is a template 'deploy' already"):
            add_template(session)
        with pytest.raises(Conflict, match="is retired"):
            change_template(session, ADMIN, "deploy", TemplateChange(forks=9))
