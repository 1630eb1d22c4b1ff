# SPDX-License-Identifier: Apache-2.0
"""Options that become the fields of a request: pairs, JSON values, and values to clear."""

import json
import re
from collections.abc import Iterable
from typing import Any

import click

from inventory_service.core.json_numbers import iter_invalid_numbers


def pairs(context: click.Context, option: click.Parameter, words: Iterable[str]) -> dict[str, str]:
    """Return `key=value` words as a dict; the value may hold further equals signs.

    :raises click.BadParameter: a word has no `=`, no key, or a key that came before.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{word!r} is not of the form key=value", context, option)
        if key in found:
            raise click.BadParameter(f"{key!r} is given twice", context, option)
        found[key] = value
    return found


def json_pairs(
    context: click.Context, option: click.Parameter, words: Iterable[str]
) -> dict[str, Any]:
    """Return `key=value` words as a dict of JSON values; what is not JSON is taken as text.

    :raises click.BadParameter: as `pairs`; or a number can't be kept.
    """
    found = {key: json_or_text(value) for key, value in pairs(context, option, words).items()}
    for field_error in iter_invalid_numbers(found):
        message = (
            f"{field_error.field!r} {field_error.reason}; as a text it needs quotes of its own"
        )
        raise click.BadParameter(message, context, option)
    return found


def json_file(context: click.Context, option: click.Parameter, path: str | None) -> Any:  # noqa: ANN401 (JSON)
    """Return the JSON document of a file; `-` is standard input, an empty path clears the field.

    :raises click.BadParameter: the file can't be read, or is no JSON.
    """
    if not path:
        return path
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return json.load(file, parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise click.BadParameter(f"{path!r} is no JSON file: {error}", context, option) from error


def json_or_text(value: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the JSON value that the text is (`8080`, `true`, `"8080"`), or the text itself."""
    try:
        return json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return value


def drop_unset(**fields: object) -> dict[str, Any]:
    """Return the fields that were given; an empty text clears the value (null, or no items)."""
    return {
        name: [one for one in value if one] if isinstance(value, tuple) else _or_null(value)
        for name, value in fields.items()
        if value not in (None, (), {})
    }


def option_of(field: str) -> str:
    """Return a field of a request, like `labels.tier`, by the option of the running command.

    What the command has no option for is returned as it is.
    """
    match = re.match(r"(\w+)[.]?(.*)\Z", field, re.DOTALL)
    context = click.get_current_context(silent=True)
    if match is None or context is None:
        return field
    for parameter in context.command.params:
        if isinstance(parameter, click.Option) and parameter.name == match[1]:
            return f"{parameter.opts[0]} {match[2]}".rstrip()
    return field


def _or_null(value: object) -> object:
    return None if value == "" else value


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity: Python reads them, JSON does not know them."""
    raise ValueError(name)
