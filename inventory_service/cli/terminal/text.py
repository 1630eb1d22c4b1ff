# SPDX-License-Identifier: Apache-2.0
"""Stored values as text that cannot steer a terminal, and how wide a terminal shows it."""

import json
import unicodedata
from collections.abc import Mapping

from rich.cells import cell_len

#: Controls, formats like those that turn text round or join emoji, halves of a pair, line ends.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class _Visible(dict[int, str]):
    """What each character is printed as; looked up once, since a list has the same ones often."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        is_unseen = unicodedata.category(character) in _UNSEEN
        self[code] = json.dumps(character)[1:-1] if is_unseen else character
        return self[code]


_VISIBLE = _Visible()
_VISIBLE_LINES = _Visible({ord("\n"): "\n"})


def format_value(value: object) -> str:
    """Return a value as one line of text, with control characters made visible."""
    if value is None or value in ({}, []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{format_value(key)}={format_value(held)}" for key, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(format_value(held) for held in value)
    return str(value).translate(_VISIBLE)


def escape_controls(text: str) -> str:
    """Return the text with all control characters but line ends made visible, as JSON has them."""
    return text.translate(_VISIBLE_LINES)


def width_of(text: str) -> int:
    """Return how many columns of a terminal the text takes: two for a wide character or emoji."""
    return cell_len(text)
