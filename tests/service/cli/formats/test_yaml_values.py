# SPDX-License-Identifier: Apache-2.0
"""Values of JSON are read from YAML; all else is refused with its place in the file."""

from typing import Any

import pytest

from inventory_service.cli.formats.yaml_values import Values, compose, line_of
from inventory_service.core.errors import BadInput


def read(text: str) -> list[Any]:
    return [Values().value(root) for root in compose(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("---\n", []),
        (
            "a: 1\n---\n# nothing\n---\nb: [x, 2.5, null, true]\n",
            [{"a": 1}, {"b": ["x", 2.5, None, True]}],
        ),
        ('{"a": {"b": "c"}}', [{"a": {"b": "c"}}]),
        ("at: 2026-01-01\nsame: =\n", [{"at": "2026-01-01", "same": "="}]),
        ("a: !unsafe '{{ x }}'\n", [{"a": "{{ x }}"}]),
        ("a: null", [{"a": None}]),
    ],
)
def test_documents_are_values_of_json(text: str, values: list[Any]) -> None:
    assert read(text) == values


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("a: 1\nb: [\n", 3, 1, "is not YAML"),
        ("a: &x 1\nb: *x\n", 2, 4, "is an alias"),
        ("a: 1\na: 2\n", 2, 1, "'a' is there twice"),
        ("1: a\n", 1, 1, "must be a text"),
        ("a:\n  b: !!python/name:os.system\n", 2, 6, "which no value of JSON has"),
        ("a: .inf\n", 1, 4, "is no number of JSON"),
        ("a: " + "[" * 40 + "]" * 40, 1, 35, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(
    text: str, line: int, column: int, reason: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(text)
    (error,) = caught.value.field_errors
    assert (error.line, error.column) == (line, column)
    assert reason in error.reason


def test_the_line_of_a_document_is_counted_from_one() -> None:
    first, second = compose("a: 1\n---\n\nb: 2\n")
    assert (line_of(first), line_of(second)) == (1, 4)
