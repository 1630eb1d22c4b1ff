# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module fleet_known_hosts writes plain host keys, and keeps its file if others come."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.modules import fleet_known_hosts

Run = t.Callable[..., dict[str, t.Any]]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHqTr4iH1dQPQ3DdVQ0bkEFXpIYJHHdI0NGAfjBtbsSW"
TEXT = {"headers": {"Content-Type": "text/plain; charset=utf-8"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with the key of a host that is gone."""
    path = tmp_path / "known_hosts"
    path.write_text(f"old {KEY}\n")
    return path


def test_the_file_holds_what_the_service_says(loopback: t.Any, run_module: Run, path: Path) -> None:
    lines = f"# fleet\na,10.0.0.1,fd00::1 {KEY}\n[b]:2222 {KEY}\n"
    loopback.reply(lines.encode(), **TEXT)
    result = run_module(fleet_known_hosts, path=str(path), _ansible_diff=True)
    assert result["known_hosts"] == {"path": str(path), "keys": 2}
    assert path.read_text() == lines.partition("\n")[2] == result["diff"]["after"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert not run_module(fleet_known_hosts, path=str(path))["changed"]
    assert [entry.name for entry in path.parent.iterdir()] == ["known_hosts"]


@pytest.mark.parametrize(
    "line",
    [
        f"* {KEY}",
        f"*.example.com {KEY}",
        f"!a,b {KEY}",
        f"@cert-authority a {KEY}",
        f"@revoked a {KEY}",
        f"|1|aGFzaA==|aGFzaA== {KEY}",
        f"a {KEY} comment",
        f"a b {KEY}",
        "a ssh-dss AAAA",
        "a",
        "<html>",
        f"a {KEY}\r",
        f"ż {KEY}",
    ],
)
def test_a_line_that_could_vouch_for_others_keeps_the_file(
    loopback: t.Any, run_module: Run, path: Path, line: str
) -> None:
    before = path.read_text()
    loopback.reply(f"a {KEY}\n{line}\n".encode(), **TEXT)
    result = run_module(fleet_known_hosts, path=str(path))
    assert result["failed"]
    assert result["code"] == "refused"
    assert "line 2" in result["msg"]
    assert path.read_text() == before


@pytest.mark.parametrize(
    "reply",
    [
        {"document": b"a " + KEY.encode(), "cut": 9, **TEXT},
        {"document": b"{}"},
        {"document": {}, "status": 500},
    ],
)
def test_a_bad_answer_keeps_the_file(
    loopback: t.Any, run_module: Run, path: Path, reply: dict[str, t.Any]
) -> None:
    before = path.read_text()
    loopback.reply(**reply)
    assert run_module(fleet_known_hosts, path=str(path))["failed"]
    assert path.read_text() == before


def test_check_mode_writes_nothing(loopback: t.Any, run_module: Run, path: Path) -> None:
    before = path.read_text()
    loopback.reply(f"a {KEY}\n".encode(), **TEXT)
    assert run_module(fleet_known_hosts, path=str(path), _ansible_check_mode=True)["changed"]
    assert path.read_text() == before
