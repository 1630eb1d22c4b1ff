# SPDX-License-Identifier: Apache-2.0
"""Rows of a file that declares nodes, each with the line on which it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory_service.core.errors import BadInput, FieldError


@dataclass(frozen=True)
class Row:
    """The fields of one node in a file, not yet checked, and its line, counted from 1."""

    line: int
    fields: object


def file_error(
    field: str, reason: str, line: int | None = None, column: int | None = None
) -> BadInput:
    """Return the exception for a file with one error."""
    return file_errors([FieldError(field, reason, line, column)])


def file_errors(field_errors: Sequence[FieldError]) -> BadInput:
    """Return the exception for a file with these errors."""
    return BadInput("The file cannot be read.", field_errors=field_errors)
