# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests of platforms: forms and JSON, of which each field is there once."""

import json
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from inventory_service.core.errors import BadInput, FieldError

_MOST_FIELDS = 60
#: A form is short: platforms let people write some thousand characters.
MOST_BYTES = 256 * 1024


def read_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form (WHATWG URL, application/x-www-form-urlencoded).

    :raises BadInput: it is no form, or a field is there twice, so that readers could differ.
    """
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise BadInput("The body is not a form in UTF-8.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise BadInput("The form has a field twice.")
    return form


def read_object(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object.

    :raises BadInput: the text is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadInput("The body is not a JSON object in UTF-8.")
    return found


def get_text(found: object, *path: str) -> str:
    """Return the text at a path through JSON objects.

    :raises BadInput: there is none.
    """
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str):
        where = ".".join(path)
        raise BadInput(
            f"The request has no text at {where}.", field_errors=[FieldError(where, "is missing")]
        )
    return found


def split_names(text: str) -> Collection[str]:
    """Return the names of a setting, which commas separate."""
    return frozenset(word.strip() for word in text.split(",") if word.strip())
