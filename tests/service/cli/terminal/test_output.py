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


def test_into_a_pipe_no_blanks_fill_the_last_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_item({"a": "x", "keys": "k" * 800})
    print_lines(["a", "b"], [["x", "y"], ["x", "z" * 800]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(line == line.rstrip() for line in lines)


def test_addresses_and_times_are_whole_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    columns = ["node_id", "state", "node_type", "cluster_id", "project", "environment"]
    row = ["shop-prod-master", "maintenance", "master", "frankfurt-1", "hostomatic", "production"]
    print_lines([*columns, "internal_ip"], [[*row, "10.220.103.250"]])
    print_lines(["subject", "at", "actor"], [["n" * 60, "2026-11-25T11:12:13.5Z", "a" * 40]])
    out = STYLE.sub("", capsys.readouterr().out)
    assert "10.220.103.250" in out
    assert "2026-11-25T11:12:13Z" in out


def test_markup_in_a_value_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_item({"reason": "[link=http://evil]x[/link] :boom:"})
    assert "[link=http://evil]x[/link] :boom:" in capsys.readouterr().out
