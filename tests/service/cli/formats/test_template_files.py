# SPDX-License-Identifier: Apache-2.0
"""A template that is exported is the same one when its file is read again."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_service.cli.formats.template_files import (
    dump_templates,
    find_files,
    find_secrets,
    read_templates,
    to_document,
)
from inventory_service.core.errors import BadInput
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.runs.domain.template_plans import get_fields
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.models.templates import Template

GIVEN = {"created_at": "2026-11-27T10:00:00Z", "retired_at": None, "revision": 7}
TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20)
LABELS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | TEXTS | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
TEMPLATES = st.builds(
    TemplateRegistration,
    template=LABELS.map(lambda name: f"t{name}"),
    playbook=st.sampled_from(["site.yml", "acme.shop.deploy"]),
    description=st.none() | TEXTS.filter(lambda text: bool(text.strip())),
    filters=st.fixed_dictionaries(
        {},
        optional={
            "project": st.lists(LABELS, max_size=2),
            "state": st.lists(st.sampled_from(NodeState), min_size=1, max_size=3),
        },
    ),
    requires_limit=st.booleans(),
    variables=st.dictionaries(st.sampled_from(["a", "b_1", "shop_port"]), VALUES, max_size=3),
    survey=st.none() | st.dictionaries(TEXTS, VALUES, max_size=2),
    tags=st.lists(st.sampled_from(["a", "b.c", "1"]), max_size=2),
    forks=st.sampled_from([1, 20, 500]),
    host_lock=st.sampled_from([None, "exclusive", "shared"]),
    locks=st.sampled_from([[], [{"name": "db"}], [{"name": "db", "mode": "shared"}]]),
    is_idempotent=st.booleans(),
    approvals_needed=st.integers(0, 3),
)


def store(template: TemplateRegistration) -> dict[str, Any]:
    """Return the template as the service shows it."""
    fields = {"template": template.template, **get_fields(template)}
    return {name: fields[name] for name in Template.FIELDS} | GIVEN


@settings(max_examples=40)
@given(st.lists(TEMPLATES, min_size=1, max_size=3))
def test_the_way_to_a_file_and_back_changes_nothing(templates: list[TemplateRegistration]) -> None:
    text = dump_templates(to_document(store(one)) for one in templates)
    found = read_templates(text, "all.yml")
    assert repr([TemplateRegistration(**one.fields) for one in found]) == repr(templates)
    again = dump_templates(to_document(store(TemplateRegistration(**one.fields))) for one in found)
    assert again == text


def test_a_file_has_what_differs_in_the_order_of_the_fields() -> None:
    template = TemplateRegistration(
        template="site",
        playbook="site.yml",
        description="All: of it",
        filters={"project": ["shop"]},
        variables={"z": 1, "a": "{{ x }}"},
        timeout_s=60,
        host_lock=None,
    )
    head, _, text = dump_templates([to_document(store(template))]).partition("\n")
    assert head.startswith("# By `qm template export`")
    assert text == (
        "kind: template\ntemplate: site\ndescription: 'All: of it'\nplaybook: site.yml\n"
        "filters:\n  project:\n  - shop\nvariables:\n  z: 1\n  a: '{{ x }}'\n"
        "timeout_s: 60\nhost_lock: null\n"
    )


def test_a_field_of_a_newer_service_is_kept() -> None:
    record = store(TemplateRegistration(template="a", playbook="b.yml")) | {"newer": [1]}
    assert to_document(record) == {
        "kind": "template",
        "template": "a",
        "playbook": "b.yml",
        "newer": [1],
    }


def test_each_field_has_the_line_on_which_it_stands() -> None:
    first, second, third = read_templates(
        "# head\ntemplate: a\nplaybook: x\n---\n- template: b\n  colour: 1\n- template: c\n", "f"
    )
    assert (first.line, first.lines) == (2, {"template": 2, "playbook": 3})
    assert (second.line, second.lines["colour"], second.name) == (5, 6, "b")
    assert (third.line, third.file) == (7, "f")


def test_json_is_read_too() -> None:
    (found,) = read_templates('\ufeff[{"template": "a", "variables": {"b": [1, null]}}]', "f.json")
    assert found.fields == {"template": "a", "variables": {"b": [1, None]}}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("template: a\nkind: schedule\n", 2, "is 'schedule', and only templates"),
        ("- a\n", 1, "must be an object"),
        ("text", 1, "must be an object"),
        ("a: 1\na: 2\n", 2, "is there twice"),
        ("a: [\n", 2, "is not YAML"),
    ],
)
def test_what_is_no_template_is_refused_by_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_templates(text, "f")
    (error,) = caught.value.field_errors
    assert error.line == line
    assert reason in error.reason


def test_a_document_without_a_name_is_named_so() -> None:
    (found,) = read_templates("playbook: x\n", "f")
    assert found.name == "without a name"


def test_variables_that_are_named_like_secrets_are_found() -> None:
    variables = {"db_password": "x", "port": 1, "api_token": "y", "nested": {"secret": "z"}}
    assert find_secrets({"variables": variables}) == ["db_password", "api_token", "nested"]
    assert find_secrets({}) == []


def test_the_files_of_a_folder_are_those_of_its_own_by_name(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", ".hidden.yml", "notes.md"):
        (tmp_path / name).write_text("")
    (tmp_path / "inner.yml").mkdir()
    assert [path.name for path in find_files(tmp_path)] == ["a.yaml", "b.yml", "c.json"]
    assert find_files(tmp_path / "notes.md") == [tmp_path / "notes.md"]
