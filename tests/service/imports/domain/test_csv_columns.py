# SPDX-License-Identifier: Apache-2.0
"""What spreadsheets add to a table is no part of it, and another separator is named."""

import pytest

from inventory_service.imports.domain.csv_columns import (
    find_separator_error,
    is_blank,
    trim_cells,
    trim_names,
)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a;b\n1;2\n", 1, "semicolons"),
        ('"a";"b"\n', 1, "semicolons"),
        ("\n \na\tb\n", 3, "tabs"),
        ("a|b", 1, "bars"),
        ("sep=;\na;b\n", 1, "semicolons"),
    ],
)
def test_another_separator_is_named_with_its_line(text: str, line: int, word: str) -> None:
    error = find_separator_error(text)
    assert error is not None
    assert word in error.reason
    assert (error.field, error.line, error.column) == ("file", line, 1)


@pytest.mark.parametrize("text", ["", "\n", "a", "a,b\n1;2,3\n", "a;b,c\n", "a\n1;2\n"])
def test_a_file_with_commas_or_one_column_has_no_wrong_separator(text: str) -> None:
    assert find_separator_error(text) is None


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([" a ", "b"], ["a", "b"]),
        (["a", "", " "], ["a"]),
        (["a", "", "b", ""], ["a", "", "b"]),
        (["", " "], []),
        ([], []),
    ],
)
def test_names_have_no_blanks_and_no_empty_last_ones(cells: list[str], names: list[str]) -> None:
    assert trim_names(cells) == names
    assert is_blank(cells) is (not names)


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["1", "2"], ["1", "2"]),
        (["1", " "], ["1", " "]),
        (["1", "2", "", " "], ["1", "2"]),
        (["1", "2", "", "3"], ["1", "2", "", "3"]),
        (["1"], ["1"]),
    ],
)
def test_only_blank_cells_beyond_the_last_column_go(cells: list[str], kept: list[str]) -> None:
    assert list(trim_cells(cells, 2)) == kept
