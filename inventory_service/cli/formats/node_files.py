# SPDX-License-Identifier: Apache-2.0
"""Files of nodes, read by their form."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from inventory_service.cli.formats.csv_nodes import read_csv
from inventory_service.cli.formats.json_nodes import read_json
from inventory_service.cli.formats.source_row import Row, file_error, file_errors
from inventory_service.cli.formats.yaml_nodes import read_yaml
from inventory_service.core.errors import FieldError
from inventory_service.core.json_numbers import iter_invalid_numbers
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.imports.domain.node_list import GIVEN_FIELDS

#: The form of a file, by the end of its name.
FORMS: Mapping[str, str] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".yaml": "yaml",
    ".yml": "yaml",
}
_READERS: Mapping[str, Callable[[str], list[Row]]] = {
    "csv": read_csv,
    "json": read_json,
    "jsonl": read_json,
    "yaml": read_yaml,
}


def find_form(name: str) -> str | None:
    """Return the form of a file by the end of its name, or None."""
    return FORMS.get(PurePath(name).suffix.lower())


def read_rows(text: str, form: str) -> list[Row]:
    """Return the rows of a file, without retired nodes and fields that only the service sets.

    :raises BadInput: it is not of that form, or declares no nodes; errors have their lines.
    """
    rows = _READERS[form](text.removeprefix("\ufeff"))
    field_errors = [error for row in rows for error in _check(row)]
    if field_errors:
        raise file_errors(field_errors)
    live = [row for row in rows if _held(row).get("state") != NodeState.RETIRED]
    if not live:
        raise file_error("file", "declares no nodes")
    return [Row(row.line, _set_fields(row)) for row in live]


def _check(row: Row) -> Iterator[FieldError]:
    if not isinstance(row.fields, dict):
        yield FieldError("row", "must be an object with the fields of a node", row.line)
        return
    for error in iter_invalid_numbers(row.fields):
        yield replace(error, line=row.line)
    try:
        json.dumps(row.fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # JSON can escape one, but no request can carry it.
        yield FieldError("row", "holds half of a surrogate pair, which is no character", row.line)


def _held(row: Row) -> dict[str, object]:
    return row.fields if isinstance(row.fields, dict) else {}


def _set_fields(row: Row) -> dict[str, object]:
    """Return the fields that are set, without those that only the service sets."""
    return {
        name: value
        for name, value in _held(row).items()
        if value is not None and name not in GIVEN_FIELDS
    }
