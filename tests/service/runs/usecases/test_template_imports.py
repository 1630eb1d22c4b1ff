# SPDX-License-Identifier: Apache-2.0
"""An import of templates records all of them or nothing, each on record."""

from typing import Any

import pytest
from sqlalchemy import select

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, ServiceError
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.runs.domain.template_plans import TemplateImport, TemplatesPlan
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.template_imports import import_templates
from tests.service.run_rows import ADMIN, PLAYBOOKS, SOURCES, add_template

NEW = {"template": "fresh", "playbook": PLAYBOOKS[1]}
DEPLOY = {"template": "deploy", "playbook": PLAYBOOKS[0]}


def run(store: Database, *templates: dict[str, Any], **options: Any) -> TemplatesPlan:
    request = TemplateImport.model_validate({"templates": templates, "apply": True} | options)
    with store.writing() as session:
        return import_templates(session, ADMIN, request, sources=SOURCES)


def show(store: Database, name: str) -> dict[str, Any]:
    with store.reading() as session:
        return session.get_one(Template, name).as_dict()


def names(store: Database) -> set[str]:
    with store.reading() as session:
        return set(session.scalars(select(Template.template).where(Template.retired_at.is_(None))))


@pytest.fixture
def fleet(store: Database) -> Database:
    """Return a database with the template `deploy`, beside those that are there from the start."""
    with store.writing() as session:
        add_template(session, forks=7, description="Deploys", variables={"a": 1})
    return store


def test_templates_are_as_they_are_declared_and_on_record(fleet: Database) -> None:
    survey = {"type": "object", "properties": {"x": {"type": "string"}}}
    plan = run(fleet, NEW | {"survey": survey}, DEPLOY | {"forks": 9}, reason="by git")
    assert [one.template for one in plan.add] == ["fresh"]
    assert show(fleet, "fresh")["survey"] == survey
    deploy = show(fleet, "deploy")
    assert (deploy["forks"], deploy["description"], deploy["variables"]) == (9, None, {})
    with fleet.reading() as session:
        records = session.scalars(select(AuditRecord).where(AuditRecord.reason == "by git"))
        done = {(one.action, one.subject): one.after for one in records}
    assert done.keys() == {("register", "fresh"), ("change", "deploy")}
    # Only what differs is in the record of the change.
    changed = done["change", "deploy"] or {}
    assert changed.keys() == {"forks", "description", "variables", "host_lock"}
    assert run(fleet, NEW | {"survey": survey}, DEPLOY | {"forks": 9}).unchanged == 2


@pytest.mark.parametrize("value", [True, 1.0, 2**60 + 1, "1", None, {"b": [True]}], ids=repr)
def test_a_value_that_is_equal_in_python_alone_is_still_another_one(
    fleet: Database, value: object
) -> None:
    document = DEPLOY | {"variables": {"a": value}}
    assert len(run(fleet, document).change) == 1
    assert repr(show(fleet, "deploy")["variables"]) == repr({"a": value})
    assert run(fleet, document).unchanged == 1


def test_what_no_document_names_stays_unless_its_end_is_wanted(fleet: Database) -> None:
    before = names(fleet)
    run(fleet, NEW)
    assert names(fleet) == before | {"fresh"}
    with pytest.raises(Conflict, match="more than a third"):
        run(fleet, NEW, retire_missing=True)
    plan = run(fleet, NEW, retire_missing=True, max_retire=len(before), reason="over")
    assert plan.retire == sorted(before)
    assert names(fleet) == {"fresh"}


@pytest.mark.parametrize(
    ("templates", "kind", "field", "reason"),
    [
        ([NEW, NEW], BadInput, "templates.1.template", "'fresh' is there twice"),
        ([NEW | {"reason": "x"}], BadInput, "templates.0.reason", "belongs to the import"),
        ([NEW | {"playbook": "acme.no"}], BadInput, "templates.0.playbook", "not on the list"),
        ([NEW, DEPLOY | {"survey": {}}], BadInput, "templates.1.survey", ""),
        (
            [NEW, DEPLOY | {"playbook": PLAYBOOKS[1]}],
            Conflict,
            "templates.1.playbook",
            "is 'acme.shop.deploy' and stays",
        ),
        ([NEW, {**NEW, "template": "gone"}], Conflict, "templates.1.template", "is retired"),
    ],
)
def test_one_error_refuses_all_and_is_named(
    fleet: Database,
    templates: list[dict[str, Any]],
    kind: type[ServiceError],
    field: str,
    reason: str,
) -> None:
    with fleet.writing() as session:
        add_template(session, "gone")
        retire_entry(session, ADMIN, Template, "gone", RetirementRequest())
    before = names(fleet)
    with pytest.raises(kind) as caught:
        run(fleet, *templates)
    (error, *_) = caught.value.field_errors
    assert error.field.startswith(field)
    assert reason in error.reason
    assert names(fleet) == before


def test_the_errors_of_all_documents_come_together(fleet: Database) -> None:
    bad = [NEW | {"template": f"t{n}", "playbook": "acme.no"} for n in range(3)]
    with pytest.raises(BadInput) as caught:
        run(fleet, *bad)
    fields = [error.field for error in caught.value.field_errors]
    assert fields == [f"templates.{n}.playbook" for n in range(3)]
