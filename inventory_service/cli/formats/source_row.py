# SPDX-License-Identifier: Apache-2.0
"""Rows of a file that states nodes, each with the line on which it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from inventory_service.core.errors import BadInput, FieldError


@dataclass(frozen=True)
class Row:
    """What a file says of one node, not yet checked, and where; lines count from 1."""

    line: int
    fields: object


def refuse(field: str, reason: str, line: int | None = None, column: int | None = None) -> BadInput:
    """Return the refusal of a file for one fault."""
    return refuse_all([FieldError(field, reason, line, column)])


def refuse_all(field_errors: Sequence[FieldError]) -> BadInput:
    """Return the refusal of a file for its faults."""
    return BadInput("The file cannot be read.", field_errors=field_errors)
