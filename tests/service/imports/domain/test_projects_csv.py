# SPDX-License-Identifier: Apache-2.0
"""projects.csv: what spreadsheets write is taken, what is wrong is named by line and column."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import BadInput
from inventory_service.imports.domain.projects_csv import Location, ProjectRow, parse_projects

CASES = json.loads((Path(__file__).parents[3] / "cases" / "projects_csv.json").read_text("utf-8"))
HEADER = "Project,Servers,MasterSpec,WebSpec\n"
EXAMPLE = HEADER + "hostomatic,3,s-2vcpu-4gb,s-2vcpu-4gb\ndigitalpixo,1,s-1vcpu-1gb,s-1vcpu-1gb\n"
LOCATION = Location(2, HEADER.strip().split(","))
ROWS = [
    ProjectRow("hostomatic", 3, "s-2vcpu-4gb", "s-2vcpu-4gb", "prod", None, LOCATION),
    ProjectRow("digitalpixo", 1, "s-1vcpu-1gb", "s-1vcpu-1gb", "prod", None, LOCATION),
]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_error_is_named_by_field_line_and_column(case: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        parse_projects(case["content"])
    found = [[error.field, error.line, error.column] for error in refused.value.field_errors]
    assert found == case["errors"]
    assert all(error.reason for error in refused.value.field_errors)


@pytest.mark.parametrize(
    "content",
    [
        EXAMPLE,
        "\ufeff" + EXAMPLE,
        EXAMPLE.replace("\n", "\r\n"),
        "\ufeff" + EXAMPLE.replace("\n", "\r\n"),
        EXAMPLE.rstrip("\n"),
        EXAMPLE.replace("hostomatic", '"hostomatic"').replace(",3,", ',"3",'),
        EXAMPLE.replace(",", " , "),
        EXAMPLE.replace("\ndigital", "\n\n\ndigital"),
        EXAMPLE.replace("\n", ",,\n"),
        EXAMPLE.replace("\ndigital", ", ,\ndigital"),
        "\n \n,,,\n" + EXAMPLE,
    ],
    ids=[
        "plain",
        "bom",
        "crlf",
        "bom and crlf",
        "no last newline",
        "quotes",
        "blanks",
        "gaps",
        "empty columns",
        "empty cells",
        "empty first lines",
    ],
)
def test_what_spreadsheets_write_means_the_same(content: str) -> None:
    assert parse_projects(content) == ROWS


def test_optional_columns_are_taken_in_any_order() -> None:
    content = "Region,Project,Environment,Servers,MasterSpec,WebSpec\nlon1,a,uat,1,cx22,cx22\n"
    assert parse_projects(content) == [ProjectRow("a", 1, "cx22", "cx22", "uat", "lon1", LOCATION)]


def test_one_project_may_have_several_environments() -> None:
    content = HEADER.strip() + ",Environment\na,1,cx22,cx22,prod\na,1,cx22,cx22,uat\n"
    assert [row.environment for row in parse_projects(content)] == ["prod", "uat"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_either_rows_or_errors(text: str) -> None:
    for content in (text, HEADER + text):
        try:
            parse_projects(content)
        except BadInput as refused:
            assert refused.field_errors  # noqa: PT017 - either outcome is right


def make_rows(count: int, servers: int = 1) -> str:
    return HEADER + "".join(f"p{number},{servers},cx22,cx22\n" for number in range(count))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("," * 1_000_000 + "\n", "is empty"),
        ("a," * 200_000 + "\n", "has 200000 columns, and 6 are known"),
        (make_rows(10_001), "has more than 10000 lines"),
        (HEADER + "a\n" * 2_000_000, "has more than 10000 lines"),
        (make_rows(11, 1000), "has 11000 servers in all, more than 10000"),
    ],
    ids=["commas", "columns", "lines", "malformed lines", "servers"],
)
def test_what_is_too_large_is_one_error_before_it_is_read(content: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_projects(content)
    (error,) = refused.value.field_errors
    assert error.reason.startswith(reason)


@pytest.mark.parametrize(
    "content", [make_rows(10_000), make_rows(10, 1000)], ids=["lines", "servers"]
)
def test_as_much_as_one_import_may_be_is_read(content: str) -> None:
    assert sum(row.servers for row in parse_projects(content)) == 10_000
