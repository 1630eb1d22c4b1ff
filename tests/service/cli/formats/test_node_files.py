# SPDX-License-Identifier: Apache-2.0
"""What an export writes, an import reads: the same nodes, whatever their values hold."""

import csv
import io
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_service.cli.formats.ansible_yaml import write_inventory
from inventory_service.cli.formats.csv_nodes import KNOWN, CsvWriter
from inventory_service.cli.formats.json_nodes import JsonWriter
from inventory_service.cli.formats.node_files import find_form, read_rows
from inventory_service.core.errors import BadInput
from inventory_service.core.field_types import check_text
from inventory_service.core.variables import check_variables
from inventory_service.inventory.domain import COLUMNS

#: What spreadsheets run, what CSV, JSON, YAML and Ansible give a meaning to, and what hides.
HARD = st.sampled_from(
    (
        *("=1+1", "+1", "-1", "@x", "＝1", "'", "'=", '"', ",", ";", "{{ 1 }}", "{% x", "", " x "),
        *("yes", "1:30", "0123", "1e3", "null", "~", "nan", "2024-01-01", "!unsafe x", "&a", "*a"),
        *(
            "<<",
            "# x",
            ": ",
            "- ",
            "a\nb\n",
            "\t",
            "\u202e",
            "\u2028",
            "\ufeff",
            "東京",
            "e\u0301",
            "🚢",
        ),
    )
)
TEXTS = HARD | st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=20)


def is_line(text: str) -> bool:
    try:
        return bool(check_text(text) or True)
    except ValueError:
        return False


LINES = TEXTS.filter(is_line)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
LABELS = st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), LINES, max_size=3)


def is_taken(variables: dict[str, Any]) -> bool:
    try:
        return bool(check_variables(variables) or True)
    except ValueError:
        return False


VARIABLES = st.dictionaries(
    st.from_regex(r"own_[a-zA-Z0-9_]{0,5}", fullmatch=True), JSON, max_size=3
).filter(is_taken)
#: The machine may be busy, and each example is small.
PATIENT = settings(max_examples=50)
NODES = st.lists(
    st.fixed_dictionaries(
        {"node_id": st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)},
        optional={
            "region": st.just("eu-1"),
            "image": LINES,
            "provider_id": LINES,
            "ssh_host_keys": st.lists(st.just("ssh-ed25519 AAAA"), min_size=1, max_size=2),
            "labels": LABELS.filter(bool),
            "vars": VARIABLES.filter(bool),
        },
    ),
    min_size=1,
    max_size=4,
)


def whole(node: dict[str, Any]) -> dict[str, Any]:
    """Return the node as the API gives it."""
    empty = {"ssh_host_keys": [], "labels": {}, "vars": {}, "state": "active", "revision": 7}
    return {**dict.fromkeys(KNOWN), **empty, **node}


def said(rows: list[Any]) -> list[dict[str, Any]]:
    """Return what the rows say, but for what says nothing."""
    return [{k: v for k, v in row.fields.items() if v not in ({}, [])} for row in rows]


def write(form: str, nodes: list[dict[str, Any]]) -> str:
    file = io.StringIO(newline="")
    rows = CsvWriter(file, KNOWN) if form == "csv" else JsonWriter(file, is_array=form == "json")
    for node in nodes:
        rows.write(whole(node))
    rows.end()
    return file.getvalue()


@given(NODES)
@PATIENT
@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_what_is_written_is_read_again(form: str, nodes: list[dict[str, Any]]) -> None:
    text = write(form, nodes)
    assert said(read_rows(text, form)) == nodes
    seen = {unicodedata.category(one) for one in text if one not in "\r\n"}
    assert not seen & {"Cc", "Cf", "Zl", "Zp"}


@given(NODES)
@PATIENT
def test_no_cell_of_a_spreadsheet_is_a_formula(nodes: list[dict[str, Any]]) -> None:
    for row in csv.reader(io.StringIO(write("csv", nodes), newline="")):
        assert not [cell for cell in row if cell.startswith(tuple("=+-@＝＋－＠\t\r\n"))]


@given(NODES)
@PATIENT
def test_an_inventory_is_read_again(nodes: list[dict[str, Any]]) -> None:
    """It has no image and no host keys; all else of a node comes back."""
    nodes = list({node["node_id"]: node for node in nodes}.values())
    known = [{k: v for k, v in node.items() if k in COLUMNS} for node in nodes]
    rows = [
        [{"state": "active", "mesh_port": 51820, "vars": {}, **node}.get(name) for name in COLUMNS]
        for node in known
    ]
    file = io.StringIO()
    document = {"revision": 7, "rows": rows, "groups": {"web": [0]}}
    write_inventory(file, document, lambda variables: variables)
    assert said(read_rows(file.getvalue(), "yaml")) == known


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (
            "csv",
            "node_id,region\na,eu\n\nb,\n",
            [(2, {"node_id": "a", "region": "eu"}), (4, {"node_id": "b"})],
        ),
        (
            "csv",
            'node_id,image\r\na,"x\ny"\r\nb,z\r\n',
            [(2, {"node_id": "a", "image": "x\ny"}), (4, {"node_id": "b", "image": "z"})],
        ),
        ("csv", "\ufeffnode_id,state\na,retired\nb,failed\n", [(3, {"node_id": "b"})]),
        (
            "json",
            '[\n {"node_id": "a"},\n\n {"node_id":\n "b"}]\n',
            [(2, {"node_id": "a"}), (4, {"node_id": "b"})],
        ),
        (
            "jsonl",
            '{"node_id": "a"}\n\n{"node_id": "b"}',
            [(1, {"node_id": "a"}), (3, {"node_id": "b"})],
        ),
        (
            "yaml",
            "- node_id: a\n  spec:\n- node_id: b\n  vars: {day: 2024-01-01}\n",
            [(1, {"node_id": "a"}), (3, {"node_id": "b", "vars": {"day": "2024-01-01"}})],
        ),
        (
            "yaml",
            (
                "all:\n hosts:\n  a:\n"
                "  b: {env: prod, ansible_host: 192.0.2.1, external_ip: 192.0.2.1, x: !unsafe '{{'}"
            ),
            [
                (3, {"node_id": "a"}),
                (
                    4,
                    {
                        "node_id": "b",
                        "environment": "prod",
                        "external_ip": "192.0.2.1",
                        "vars": {"x": "{{"},
                    },
                ),
            ],
        ),
    ],
)
def test_each_row_is_known_by_its_line(
    form: str, text: str, expected: list[tuple[int, dict[str, Any]]]
) -> None:
    assert [(row.line, row.fields) for row in read_rows(text, form)] == expected


@pytest.mark.parametrize(
    ("form", "text", "place", "reason"),
    [
        ("csv", "", ("file", 1, None), "is empty"),
        ("csv", "node_id\n", ("file", None, None), "states no nodes"),
        ("csv", "node_id,colour\na,red\n", ("colour", 1, 2), "is not a field of a node"),
        ("csv", "node_id,node_id\na,b\n", ("node_id", 1, 2), "stands twice"),
        ("csv", "node_id\na\nb,c\n", ("row", 3, 2), "more cells"),
        ("csv", "node_id,labels\na,\nb,x=y\n", ("labels", 3, 2), "must be JSON"),
        ("csv", 'node_id\n"a\nb', ("file", 3, None), "is not CSV"),
        ("json", '[{"a": 1},\n {"a" 1}]', ("file", 2, 7), "is not JSON"),
        ("json", '[{"a": 1}\n {"b": 1}]', ("file", 2, 2), "expected ',' or ']'"),
        ("json", "[{}] x", ("file", 1, 6), "after the end"),
        ("json", '[\n{"a": 1, "a": 2}]', ("file", 2, 1), "'a' stands twice"),
        ("json", '[{"a": NaN}]', ("file", 1, 2), "NaN is no number"),
        ("json", "[" * 200_000, ("file", 1, 2), "nested too deeply"),
        ("json", "[]", ("file", None, None), "states no nodes"),
        ("json", '[{"a": "x"},\n{"a": "\\ud800"}]', ("row", 2, None), "half of a surrogate pair"),
        ("jsonl", '{"a": {"\\udc00": 1}}', ("row", 1, None), "half of a surrogate pair"),
        ("csv", 'vars\n"[""\\ud800""]"', ("row", 2, None), "half of a surrogate pair"),
        ("yaml", '- a: "\\ud800"', ("file", 1, 9), "is not YAML"),
        ("jsonl", '{"a": 1}\n7', ("row", 2, None), "must be an object"),
        ("yaml", "a: ]", ("file", 1, 4), "is not YAML"),
        ("yaml", "a: 1", ("file", 1, None), "no list of nodes"),
        ("yaml", "- &a {x: 1}\n- *a", ("value", 2, 3), "is an alias"),
        ("yaml", "- {1: x}", ("value", 1, 4), "must be a text"),
        ("yaml", "- {x: 1, x: 2}", ("value", 1, 10), "'x' stands twice"),
        ("yaml", "- !!python/object:os.system {}", ("value", 1, 3), "has the tag"),
        ("yaml", "- {x: .nan}", ("value", 1, 7), "is no number"),
        ("yaml", "- {x: \x00}", ("file", None, None), "is not YAML"),
        ("yaml", "[" * 100_000, ("value", 1, 33), "nested too deeply"),
    ],
)
def test_a_fault_is_named_with_its_place(
    form: str, text: str, place: tuple[str, int | None, int | None], reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_rows(text, form)
    fault = caught.value.field_errors[0]
    assert reason in fault.reason
    assert (fault.field, fault.line, fault.column) == place


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
def test_the_name_of_a_file_tells_its_form(name: str, form: str | None) -> None:
    assert find_form(name) == form
