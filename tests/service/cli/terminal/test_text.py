# SPDX-License-Identifier: Apache-2.0
"""Stored values as harmless text, measured as terminals show it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.cli.terminal.text import escape_controls, format_value, width_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        ({}, "-"),
        ([], "-"),
        (0, "0"),
        (False, "no"),
        (True, "yes"),
        ({"a": "b", "c": [1, 2]}, "a=b, c=1, 2"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("two\nlines", "two\\nlines"),
        ("back\u202eward", "back\\u202eward"),
        ("isolated\u2066", "isolated\\u2066"),
        ("csi\x9b2J", "csi\\u009b2J"),
        ("half \ud800", "half \\ud800"),
        ("tag \U000e0041", "tag \\udb40\\udc41"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
        (":smile:", ":smile:"),
        ("Łódź 東京 🚢 e\u0301", "Łódź 東京 🚢 e\u0301"),
    ],
)
def test_a_value_is_one_harmless_line(value: object, expected: str) -> None:
    assert format_value(value) == expected


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_no_text_reaches_the_terminal_with_a_control_in_it(text: str) -> None:
    for line in (format_value(text), escape_controls(text).replace("\n", "")):
        seen = {unicodedata.category(character) for character in line}
        assert not seen & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_json_says_the_same_when_it_is_made_harmless(text: str) -> None:
    document = json.dumps({text: [text]}, ensure_ascii=False)
    assert json.loads(escape_controls(document)) == json.loads(json.dumps({text: [text]}))


@pytest.mark.parametrize(
    ("text", "width"),
    [("web", 3), ("東京", 4), ("e\u0301", 1), ("🚢", 2), ("ｱ", 1), ("가", 2), ("", 0)],
)
def test_width_is_what_the_terminal_shows(text: str, width: int) -> None:
    assert width_of(text) == width
