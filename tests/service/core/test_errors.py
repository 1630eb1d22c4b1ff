# SPDX-License-Identifier: Apache-2.0
"""Service errors carry all that a caller has to correct, and not more than one can read."""

from dataclasses import replace

import pytest

from inventory_service.core.errors import (
    MAX_FIELD_ERRORS,
    BadInput,
    Conflict,
    ErrorCollector,
    FieldError,
    NotFound,
    list_field_errors,
    refuse_file,
)

NAME, PORT = FieldError("name", "is empty"), FieldError("port", "is taken", line=2, column=7)


def test_a_field_error_shows_its_position_only_where_it_has_one() -> None:
    assert NAME.as_dict() == {"field": "name", "reason": "is empty"}
    assert PORT.as_dict() == {"field": "port", "reason": "is taken", "line": 2, "column": 7}


def test_a_relocated_error_keeps_class_and_text_and_names_each_field_once() -> None:
    error = Conflict("no", field_errors=[NAME, PORT, replace(NAME, field="nodes.0.name")])
    moved = error.relocated(lambda found: replace(found, field=found.field.rpartition(".")[2]))
    assert (type(moved), moved.detail) == (Conflict, "no")
    assert moved.field_errors == (NAME, PORT)


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([Conflict("x", field_errors=[PORT])], Conflict),
        ([Conflict("x", field_errors=[PORT]), BadInput("x", field_errors=[NAME])], BadInput),
        ([BadInput("x", field_errors=[NAME]), Conflict("x", field_errors=[PORT])], BadInput),
    ],
)
def test_all_parts_are_collected_and_invalid_input_decides_the_class(
    parts: list[Conflict | BadInput], kind: type[Exception]
) -> None:
    errors = ErrorCollector()
    for part in parts:
        errors.note(part)
    assert errors.kind is kind
    assert errors.field_errors == [found for part in parts for found in part.field_errors]


def test_an_error_that_names_no_field_is_not_collected() -> None:
    with pytest.raises(NotFound, match="no cluster"):
        ErrorCollector().note(NotFound("no cluster"))


@pytest.mark.parametrize(
    ("amount", "listed", "more"),
    [
        (1, 1, None),
        (MAX_FIELD_ERRORS, MAX_FIELD_ERRORS, None),
        (MAX_FIELD_ERRORS + 1, MAX_FIELD_ERRORS, 1),
    ],
)
def test_an_answer_lists_the_first_field_errors_and_counts_the_others(
    amount: int, listed: int, more: int | None
) -> None:
    shown = list_field_errors([FieldError(f"nodes.{index}", "x") for index in range(amount)])
    assert [found["field"] for found in shown["errors"]] == [f"nodes.{i}" for i in range(listed)]
    assert shown.get("more_errors") == more


@pytest.mark.parametrize(("amount", "text"), [(1, "1 fault;"), (2, "2 faults;")])
def test_a_refused_file_counts_its_errors(amount: int, text: str) -> None:
    error = refuse_file([PORT] * amount, Conflict)
    assert isinstance(error, Conflict)
    assert text in error.detail
    assert len(error.field_errors) == amount
