# SPDX-License-Identifier: Apache-2.0
"""A plan of templates names what would be added, changed and retired, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.core.errors import Conflict
from inventory_service.runs.domain.template_plans import (
    FieldChange,
    TemplateImport,
    TemplatesPlan,
    get_fields,
    plan_templates,
)
from inventory_service.runs.domain.templates import TemplateRegistration

SITE = {"template": "site", "playbook": "site.yml"}


def make(**fields: Any) -> TemplateRegistration:
    return TemplateRegistration(**(SITE | fields))


def stored(**fields: Any) -> dict[str, Any]:
    return {"template": "site", **get_fields(make(**fields))}


def changes(before: dict[str, Any], **after: Any) -> list[FieldChange]:
    plan = plan_templates([make(**after)], {"site": stored(**before)}, retire_missing=False)
    assert plan.unchanged == (0 if plan.change else 1)
    return plan.change[0].changes if plan.change else []


def test_what_is_not_there_is_added_with_all_its_fields() -> None:
    plan = plan_templates([make(forks=7)], {}, retire_missing=True)
    (added,) = plan.add
    assert (added.template, added.fields["forks"], added.fields["playbook"]) == (
        "site",
        7,
        "site.yml",
    )
    assert (plan.change, plan.retire, plan.unchanged, plan.live) == ([], [], 0, 0)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"forks": 7}, {"forks": 7}, []),
        ({"forks": 7}, {}, [FieldChange("forks", 7, 20)]),
        ({}, {"tags": ["a"]}, [FieldChange("tags", [], ["a"])]),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, [FieldChange("tags", ["a", "b"], ["b", "a"])]),
        ({}, {"survey": {}}, [FieldChange("survey", None, {})]),
        ({"host_lock": None}, {}, [FieldChange("host_lock", None, "exclusive")]),
        ({"variables": {"a": 1}}, {"variables": {"a": 1}}, []),
        (
            {"variables": {"a": 1, "b": 2}},
            {"variables": {"b": 3, "c": 4}},
            [
                FieldChange("variables.a", 1, None),
                FieldChange("variables.b", 2, 3),
                FieldChange("variables.c", None, 4),
            ],
        ),
        ({"variables": {"a": None}}, {}, [FieldChange("variables.a", None, None)]),
        (
            {"variables": {"a": 1}},
            {"variables": {"a": True}},
            [FieldChange("variables.a", 1, after=True)],
        ),
        ({"variables": {"a": 1}}, {"variables": {"a": 1.0}}, [FieldChange("variables.a", 1, 1.0)]),
        (
            {},
            {"filters": {"state": ["failed"]}},
            [FieldChange("filters.state", ["active"], ["failed"])],
        ),
        ({}, {"filters": {}}, []),
        (
            {},
            {"locks": [{"name": "db"}]},
            [FieldChange("locks", [], [{"name": "db", "mode": "exclusive"}])],
        ),
    ],
    ids=str,
)
def test_each_field_that_differs_is_a_change(
    before: dict[str, Any], after: dict[str, Any], expected: list[FieldChange]
) -> None:
    found = changes(before, **after)
    # True equals 1 in Python, and in no file.
    assert repr(found) == repr(expected)


def test_what_an_older_release_stored_is_no_change() -> None:
    held = stored() | {"filters": {"state": ["active"]}}
    assert not plan_templates([make()], {"site": held}, retire_missing=False).change


def test_stored_fields_that_are_invalid_by_now_can_be_corrected() -> None:
    held = stored() | {"forks": 0}
    (changed,) = plan_templates([make()], {"site": held}, retire_missing=False).change
    assert FieldChange("forks", 0, 20) in changed.changes


@pytest.mark.parametrize(("retire_missing", "retired"), [(True, ["db", "old"]), (False, [])])
def test_missing_templates_are_retired_only_on_request(
    retired: list[str], *, retire_missing: bool
) -> None:
    live = {name: stored() for name in ("site", "old", "db")}
    plan = plan_templates([make()], live, retire_missing=retire_missing)
    assert (plan.retire, plan.unchanged, plan.live) == (retired, 1, 3)


def test_the_digest_names_all_that_would_be_done() -> None:
    plan = plan_templates([make()], {"old": stored()}, retire_missing=True)
    others = [
        replace(plan, add=[]),
        replace(plan, retire=[]),
        replace(plan, unchanged=1),
        plan_templates([make(forks=7)], {"old": stored()}, retire_missing=True),
    ]
    assert len({one.digest for one in [plan, *others]}) == 5
    assert plan.digest == plan_templates([make()], {"old": stored()}, retire_missing=True).digest


@pytest.mark.parametrize(
    ("retire", "live", "max_retire", "reason"),
    [
        (0, 0, None, None),
        (1, 3, None, None),
        (2, 5, None, "2 of 5 live templates, more than a third"),
        (1, 2, None, "--max-retire 1"),
        (2, 5, 2, None),
        (2, 5, 3, None),
        (2, 9, 1, "retires 2 templates, and max_retire is 1"),
        (1, 9, 0, "max_retire is 0"),
    ],
)
def test_many_are_retired_only_by_their_number(
    retire: int, live: int, max_retire: int | None, reason: str | None
) -> None:
    plan = TemplatesPlan(retire=[f"t{n}" for n in range(retire)], live=live)
    request = TemplateImport(templates=[make()], max_retire=max_retire)
    if reason is None:
        plan.check_requested(request)
        return
    with pytest.raises(Conflict, match=reason):
        plan.check_requested(request)


def test_only_the_plan_that_was_shown_is_recorded() -> None:
    plan = TemplatesPlan()
    plan.check_requested(TemplateImport(templates=[make()], plan_digest=plan.digest))
    with pytest.raises(Conflict, match="have changed since"):
        plan.check_requested(TemplateImport(templates=[make()], plan_digest="0" * 32))


@pytest.mark.parametrize("fields", [{"templates": []}, {"templates": [SITE], "colour": 1}])
def test_an_import_of_nothing_or_with_more_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TemplateImport.model_validate(fields)
