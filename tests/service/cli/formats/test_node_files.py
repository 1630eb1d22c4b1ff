# SPDX-License-Identifier: Apache-2.0
"""Files of nodes: each is read by its form, and only live nodes with the fields that may be set."""

import pytest

from inventory_service.cli.formats.node_files import FORMS, find_form, read_rows
from inventory_service.core.errors import BadInput
from inventory_service.imports.domain.node_list import GIVEN_FIELDS

NODES = {
    "csv": "node_id,state,region,image\na,retired,eu,\nb,failed,eu,\n",
    "json": """[{"node_id": "a", "state": "retired"},
    {"node_id": "b", "state": "failed", "region": "eu", "image": null}]""",
    "jsonl": """{"node_id": "a", "state": "retired"}\n\n{"node_id": "b", "region": "eu"}""",
    "yaml": "- {node_id: a, state: retired}\n- {node_id: b, region: eu, image: }",
}


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize(("form", "line"), [("csv", 3), ("json", 2), ("jsonl", 3), ("yaml", 2)])
def test_live_nodes_are_read_in_each_form(form: str, line: int, mark: str) -> None:
    (row,) = read_rows(mark + NODES[form], form)
    assert (row.line, row.fields) == (line, {"node_id": "b", "region": "eu"})


def test_each_form_has_a_reader() -> None:
    assert set(FORMS.values()) == set(NODES)


@pytest.mark.parametrize("name", GIVEN_FIELDS)
def test_what_only_the_service_sets_is_passed_over(name: str) -> None:
    (row,) = read_rows(f'[{{"node_id": "a", "{name}": "x"}}]', "json")
    assert row.fields == {"node_id": "a"}


@pytest.mark.parametrize(
    ("form", "text", "position", "reason"),
    [
        ("csv", "node_id\n", ("file", None), "declares no nodes"),
        ("json", "[]", ("file", None), "declares no nodes"),
        ("json", '[{"node_id": "a", "state": "retired"}]', ("file", None), "declares no nodes"),
        ("jsonl", '{"a": 1}\n7', ("row", 2), "must be an object"),
        ("jsonl", '{"a": 1}\n1e999', ("row", 2), "must be an object"),
        ("yaml", "- a: 1\n- [b]", ("row", 2), "must be an object"),
        ("json", '[{"a": "x"},\n{"a": "\\ud800"}]', ("row", 2), "half of a surrogate pair"),
        ("jsonl", '{"a": {"\\udc00": 1}}', ("row", 1), "half of a surrogate pair"),
        ("csv", 'vars\n"[""\\ud800""]"', ("row", 2), "half of a surrogate pair"),
    ],
)
def test_an_error_is_named_with_its_line(
    form: str, text: str, position: tuple[str, int | None], reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_rows(text, form)
    (error,) = caught.value.field_errors
    assert reason in error.reason
    assert (error.field, error.line) == position


@pytest.mark.parametrize(
    ("form", "text", "field", "line"),
    [
        ("json", '[{"a": 1},\n {"vars": {"b":\n 1E400}}]', "vars.b", 2),
        ("json", '[{"vars": {"b": [0, -1e999]}}]', "vars.b.1", 1),
        ("jsonl", f'{{"a": 1}}\n{{"a": {"1" * 400}}}', "a", 2),
        ("jsonl", f'{{"a": {2**63}}}', "a", 1),
        ("yaml", f"- a: 1\n- a: {-(2**63)}", "a", 2),
        ("csv", 'node_id,vars\na,\nb,"{""x"": 1e400}"', "vars.x", 3),
        ("csv", 'node_id,vars\na,"{""x"": NaN}"', "vars.x", 2),
        ("csv", "node_id,vars\na,1e400", "vars", 2),
    ],
)
def test_a_number_that_the_service_cannot_keep_is_named_with_its_line(
    form: str, text: str, field: str, line: int
) -> None:
    with pytest.raises(BadInput) as caught:
        read_rows(text, form)
    (error,) = caught.value.field_errors
    assert error.reason.startswith("holds a number that is none of JSON")
    assert (error.field, error.line) == (field, line)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 1e18, -0.5])
def test_the_largest_numbers_are_read(number: float) -> None:
    (row,) = read_rows(f'[{{"a": {number}}}]', "json")
    assert row.fields == {"a": number}


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.csv", "csv"), ("a.JSON", "json"), ("x/a.yml", "yaml"), ("a.ndjson", "jsonl"), ("-", None)],
)
def test_the_form_follows_from_the_end_of_the_name(name: str, form: str | None) -> None:
    assert find_form(name) == form
