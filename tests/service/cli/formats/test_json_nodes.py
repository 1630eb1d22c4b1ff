# SPDX-License-Identifier: Apache-2.0
"""Nodes as JSON: read as they were written, each with its line."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.cli.formats.json_nodes import JsonWriter, read_json
from inventory_service.core.errors import BadInput
from tests.service.cli.formats.node_strategies import (
    NODES,
    PATIENT,
    find_hidden,
    set_fields,
    whole,
)


def write(nodes: list[dict[str, Any]], *, is_array: bool) -> str:
    file = io.StringIO()
    writer = JsonWriter(file, is_array=is_array)
    for node in nodes:
        writer.write(node)
    writer.end()
    return file.getvalue()


@given(nodes=NODES, is_array=st.booleans())
@PATIENT
def test_nodes_are_read_as_they_were_written(
    *, nodes: list[dict[str, Any]], is_array: bool
) -> None:
    text = write([whole(node) for node in nodes], is_array=is_array)
    rows = read_json(text)
    assert set_fields(rows) == nodes
    assert [row.line for row in rows] == [number + is_array for number in range(1, len(nodes) + 1)]
    assert not find_hidden(text)


@pytest.mark.parametrize("nodes", [[], [{}], [{"a": 1}, {"b": "é"}]])
def test_any_json_parser_reads_what_is_written(nodes: list[dict[str, Any]]) -> None:
    assert json.loads(write(nodes, is_array=True)) == nodes
    assert [json.loads(line) for line in write(nodes, is_array=False).splitlines()] == nodes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[\n {"a": 1},\n\n {"b":\n 2}]\n', [(2, {"a": 1}), (4, {"b": 2})]),
        ('{"a": 1}\n\n{"b": 2}', [(1, {"a": 1}), (3, {"b": 2})]),
        ('{"a": 1} {"b": 2}', [(1, {"a": 1}), (1, {"b": 2})]),
        ('\r\n{"a": "\\n"}\r\n7', [(2, {"a": "\n"}), (3, 7)]),
        ('{"a": "\\ud83d\\udea2"}', [(1, {"a": "🚢"})]),
        (" [ ] ", []),
        ("", []),
    ],
)
def test_each_value_has_the_line_on_which_it_begins(
    text: str, expected: list[tuple[int, object]]
) -> None:
    assert [(row.line, row.fields) for row in read_json(text)] == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ('[{"a": 1},\n {"a" 1}]', (2, 7), "Expecting ':' delimiter"),
        ('[{"a": 1}\n {"b": 1}]', (2, 2), "expected ',' or ']'"),
        ('[{"a": 1},]', (1, 11), "Expecting value"),
        ("[{}", (1, 4), "expected ',' or ']'"),
        ("[{}] x", (1, 6), "after the end"),
        ("[] []", (1, 4), "after the end"),
        ('[\n{"a": 1, "a": 2}]', (2, 1), "'a' is in one object twice"),
        ('{"a": {"b": 1, "b": 1}}', (1, 1), "'b' is in one object twice"),
        ('[{"a": NaN}]', (1, 2), "NaN is no number"),
        ('[{"a": -Infinity}]', (1, 2), "-Infinity is no number"),
        ('{"a": 0123}', (1, 8), "Expecting ',' delimiter"),
        ("[" * 200_000, (1, 2), "nested too deeply"),
    ],
)
def test_an_error_has_its_line_and_column(
    text: str, position: tuple[int, int], reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_json(text)
    (error,) = caught.value.field_errors
    assert error.reason.startswith("is not JSON: ")
    assert reason in error.reason
    assert (error.field, error.line, error.column) == ("file", *position)
