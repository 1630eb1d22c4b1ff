# SPDX-License-Identifier: Apache-2.0
"""Nodes as CSV: read as they were written, and no cell is a formula."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given

from inventory_service.cli.formats.csv_nodes import CsvWriter, read_cell, read_csv, write_cell
from inventory_service.core.errors import BadInput
from inventory_service.imports.domain.node_list import ListedNode
from tests.service.cli.formats.node_strategies import (
    NODES,
    PATIENT,
    find_hidden,
    set_fields,
    whole,
)

FORMULA_SIGNS = tuple("=+-@＝＋－＠\t\r\n")


def write(nodes: list[dict[str, Any]]) -> str:
    file = io.StringIO(newline="")
    writer = CsvWriter(file, list(ListedNode.model_fields))
    for node in nodes:
        writer.write(whole(node))
    writer.end()
    return file.getvalue()


@given(NODES)
@PATIENT
def test_nodes_are_read_as_they_were_written(nodes: list[dict[str, Any]]) -> None:
    text = write(nodes)
    assert set_fields(read_csv(text)) == nodes
    assert not find_hidden(text)


@given(NODES)
@PATIENT
def test_no_cell_of_a_spreadsheet_is_a_formula(nodes: list[dict[str, Any]]) -> None:
    for row in csv.reader(io.StringIO(write(nodes), newline="")):
        assert not [cell for cell in row if cell.startswith(FORMULA_SIGNS)]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ({}, ""),
        ([], ""),
        ("", "'"),
        ("x=1", "x=1"),
        (" x", "' x"),
        ("x\u3000", "'x\u3000"),
        ("=1", "'=1"),
        ("＝1", "'＝1"),
        ("'a", "''a"),
        (["é"], '["é"]'),
        ({"a": "\u202e"}, '{"a": "\\u202e"}'),
    ],
)
def test_a_cell_is_plain_text_or_json(value: object, cell: str) -> None:
    assert write_cell(value) == cell


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("image", "8080", "8080"),
        ("image", "'=1", "=1"),
        ("image", "''a", "'a"),
        ("image", " a ", "a"),
        ("image", "' a ", " a "),
        ("vars", ' {"a": 1} ', {"a": 1}),
        ("vars", '{"a": 1}', {"a": 1}),
        ("ssh_host_keys", "[]", []),
    ],
)
def test_only_nested_fields_are_read_as_json(name: str, cell: str, value: object) -> None:
    assert read_cell(name, cell) == value


@pytest.mark.parametrize("cell", ["x=y", "{", "[" * 100_000], ids=["text", "open", "deep"])
def test_a_nested_field_that_is_no_json_is_an_error(cell: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any, the caller names the cell
        read_cell("vars", cell)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "node_id,region\na,eu\n\nb,\n",
            [(2, {"node_id": "a", "region": "eu"}), (4, {"node_id": "b"})],
        ),
        (
            'node_id,image\r\na,"x\ny"\r\nb,z\r\n',
            [(2, {"node_id": "a", "image": "x\ny"}), (4, {"node_id": "b", "image": "z"})],
        ),
        ("\n \n,\nnode_id,region\na,eu\n", [(5, {"node_id": "a", "region": "eu"})]),
        (
            " node_id , region,,\n a ,eu ,,\nb, ,\n",
            [(2, {"node_id": "a", "region": "eu"}), (3, {"node_id": "b"})],
        ),
        (
            "node_id,image\na,' x \nb, y \n",
            [(2, {"node_id": "a", "image": " x "}), (3, {"node_id": "b", "image": "y"})],
        ),
        ("node_id\n", []),
    ],
    ids=[
        "an empty line",
        "a line end in a cell",
        "empty first lines",
        "blanks",
        "marked",
        "no rows",
    ],
)
def test_each_row_has_the_line_on_which_it_begins(
    text: str, expected: list[tuple[int, dict[str, Any]]]
) -> None:
    assert [(row.line, row.fields) for row in read_csv(text)] == expected


def test_a_cell_may_be_longer_than_the_csv_module_takes() -> None:
    (row,) = read_csv(f"image\n{'x' * 200_000}")
    assert row.fields == {"image": "x" * 200_000}


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", ("file", 1, None), "is empty"),
        ("node_id,colour\na,red\n", ("colour", 1, 2), "is not a field of a node"),
        ("node_id,,region\na,,\n", ("column", 1, 2), "has no name"),
        ("\n\nnode_id,colour\na,red\n", ("colour", 3, 2), "is not a field of a node"),
        ("node_id,region\na\n", ("row", 2, 2), "has 1 cells where the first row has 2"),
        ("node_id;region\na;eu\n", ("file", 1, 1), "by semicolons"),
        ("\nnode_id\tregion\na\teu\n", ("file", 2, 1), "by tabs"),
        ("\n \n,,\n", ("file", 1, None), "is empty"),
        ("node_id,node_id\na,b\n", ("node_id", 1, 2), "is in the first row twice"),
        ("x," * 150 + "x\n", ("file", 1, None), "has 151 columns, and a node has"),
        ("node_id\na\nb,c\n", ("row", 3, 2), "has 2 cells where the first row has 1"),
        ("node_id,labels\na,\nb,x=y\n", ("labels", 3, 2), 'must be JSON, like {"a": "b"}'),
        ("node_id,ssh_host_keys\na,x\n", ("ssh_host_keys", 2, 2), "must be JSON, like []"),
        ('node_id\n"a\nb', ("file", 3, None), "is not CSV"),
    ],
)
def test_an_error_has_its_field_line_and_column(
    text: str, position: tuple[str, int | None, int | None], reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_csv(text)
    (error,) = caught.value.field_errors
    assert reason in error.reason
    assert (error.field, error.line, error.column) == position


def test_all_errors_of_a_file_are_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        read_csv("node_id,vars\na,x\nb,,c\nd,y\n")
    assert [error.line for error in caught.value.field_errors] == [2, 3, 4]
