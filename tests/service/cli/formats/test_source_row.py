# SPDX-License-Identifier: Apache-2.0
"""The errors of a file reach whoever corrects it with field, line and column."""

from inventory_service.cli.formats.source_row import file_error, file_errors
from inventory_service.core.errors import FieldError, list_field_errors


def test_an_error_without_a_line_shows_none() -> None:
    error = file_error("file", "is empty")
    assert list_field_errors(error.field_errors) == {
        "errors": [{"field": "file", "reason": "is empty"}]
    }


def test_all_errors_of_a_file_are_kept_in_their_order() -> None:
    errors = [FieldError("vars", "r", 3, 2), FieldError("row", "s", 1)]
    assert list(file_errors(errors).field_errors) == errors
    (first,) = file_error("vars", "r", 3, 2).field_errors
    assert first == errors[0]
