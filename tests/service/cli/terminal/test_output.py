# SPDX-License-Identifier: Apache-2.0
"""What people read fits the terminal and cannot steer it; what programs read is whole."""

import re
from collections.abc import Callable, Iterable, Sequence

import pytest

from inventory_service.cli.terminal.output import print_item, print_lines, print_table

PrintRows = Callable[[Sequence[str], Iterable[Sequence[object]]], None]
STYLE = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("print_rows", [print_table, print_lines])
def test_a_piped_table_cuts_nothing(
    capsys: pytest.CaptureFixture[str], print_rows: PrintRows
) -> None:
    name, text = "n" * 63, "x" * 5000
    print_rows(["node_id", "text"], [[name, text]])
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
