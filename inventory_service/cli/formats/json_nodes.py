# SPDX-License-Identifier: Apache-2.0
"""Nodes as JSON, both ways: one array, or one object a line (JSON lines, https://jsonlines.org)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from inventory_service.cli.formats.source_row import Row, file_error
from inventory_service.cli.terminal.text import escape_controls
from inventory_service.core.json_numbers import read_integer

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonWriter:
    """Writes nodes one after another, so that a fleet is never in memory as a whole."""

    def __init__(self, file: TextIO, *, is_array: bool) -> None:
        self._file = file
        self._is_array = is_array
        self._count = 0

    def write(self, node: Mapping[str, Any]) -> None:
        """Write one node."""
        text = escape_controls(json.dumps(node, ensure_ascii=False))
        if self._is_array:
            self._file.write(f"{',' if self._count else '['}\n  {text}")
        else:
            self._file.write(f"{text}\n")
        self._count += 1

    def end(self) -> None:
        """Write the end of the array."""
        if self._is_array:
            self._file.write("\n]\n" if self._count else "[]\n")


def read_json(text: str) -> list[Row]:
    """Return the objects of an array, or those that follow one another.

    :raises BadInput: it is neither; the error has its line and column.
    """
    return list(_Reader(text).rows())


class _Reader:
    """Reads one value at a time, since the json module does not report each one's line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_once, parse_int=read_integer, parse_constant=_reject_constant
        )

    def rows(self) -> Iterator[Row]:
        self._skip_space()
        if self._takes("["):
            yield from self._items()
            if self._at < len(self._text):
                raise self._error("there is more after the end of the array")
        while self._at < len(self._text):
            yield Row(self._line, self._read_value())

    def _items(self) -> Iterator[Row]:
        if self._takes("]"):
            return
        yield Row(self._line, self._read_value())
        while self._takes(","):
            yield Row(self._line, self._read_value())
        if not self._takes("]"):
            raise self._error("expected ',' or ']'")

    def _read_value(self) -> object:
        try:
            value, end = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._go_to(error.pos)
            raise self._error(error.msg) from None
        except RecursionError:
            raise self._error("it is nested too deeply") from None
        except ValueError as error:
            raise self._error(str(error)) from None
        self._go_to(end)
        self._skip_space()
        return value

    def _takes(self, character: str) -> bool:
        """Pass over a character and the space after it, if it is the next one."""
        if not self._text.startswith(character, self._at):
            return False
        self._at += 1
        self._skip_space()
        return True

    def _skip_space(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._go_to(space.end() if space else self._at)

    def _go_to(self, position: int) -> None:
        self._line += self._text.count("\n", self._at, position)
        self._at = position

    def _error(self, reason: str) -> Exception:
        column = self._at - self._text.rfind("\n", 0, self._at)
        return file_error("file", f"is not JSON: {reason}", self._line, column)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object's members; a name that is there twice would hide a value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:64]!r} is in one object twice")
    return found


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
