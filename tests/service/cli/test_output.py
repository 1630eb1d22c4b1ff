# SPDX-License-Identifier: Apache-2.0
"""What people read fits the terminal and cannot steer it; what programs read is whole."""

import re

import pytest

from inventory_service.cli.output import print_item, print_table, shown

STYLE = re.compile("\x1b\\[[0-9;]*m")


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
        ("csi\x9b2J", "csi\\x9b2J"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
        (":smile:", ":smile:"),
    ],
)
def test_a_value_is_one_harmless_line(value: object, expected: str) -> None:
    assert shown(value) == expected


def test_a_piped_table_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    name, text = "n" * 63, "x" * 5000
    print_table(["node_id", "text"], [[name, text]])
    assert capsys.readouterr().out.splitlines()[1].split() == [name, text]


@pytest.mark.parametrize("length", [20, 63])
def test_a_terminal_table_keeps_to_the_width_and_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_table(["node_id", "text"], [["n" * length, "x" * 500]])
    out = STYLE.sub("", capsys.readouterr().out)
    assert max(map(len, out.splitlines())) <= 60
    assert (out.count("n"), out.count("x")) == (length, 500)
    assert ("n" * length in out) == (length < 30)


def test_markup_in_a_value_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_item({"reason": "[link=http://evil]x[/link] :boom:"})
    assert "[link=http://evil]x[/link] :boom:" in capsys.readouterr().out
