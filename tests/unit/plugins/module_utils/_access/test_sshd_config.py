# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sshd_config with all that it includes, read and copied."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access import sshd_config


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Port 22", ["Port", "22"]),
        ("  Port=22", ["Port", "22"]),
        ("Port = 22", ["Port", "22"]),
        ("Port 22 # the usual one", ["Port", "22"]),
        ('Banner "/etc/a b"', ["Banner", "/etc/a b"]),
        ("Match User a,b Address 10.0.0.0/8", ["Match", "User", "a,b", "Address", "10.0.0.0/8"]),
        ("# Port 22", None),
        ("", None),
    ],
)
def test_a_line_is_read_as_sshd_reads_it(line: str, words: list[str] | None) -> None:
    assert [found for _number, found in sshd_config.parse(line)] == ([words] if words else [])


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """Return a configuration with a folder, of which a file comes before and one after ours."""
    folder = tmp_path / "sshd_config.d"
    folder.mkdir()
    (folder / "00-first.conf").write_text("Match User eve\nX11Forwarding yes\n", encoding="utf-8")
    (folder / "20-last.conf").write_text("MaxAuthTries 9\n", encoding="utf-8")
    path = tmp_path / "sshd_config"
    text = f"Include {folder}/*.conf\nPort 22\nMatch Group sftp\nBanner x\nMatch all\nUseDNS no\n"
    path.write_text(text, encoding="utf-8")
    return path


def test_files_are_read_in_the_order_of_their_names_with_one_that_is_not_there_yet(
    main: Path,
) -> None:
    ours = f"{main}.d/10-ours.conf"

    config = sshd_config.read(str(main), {ours: "MaxAuthTries 4\n"})

    assert [Path(path).name[:2] for path in config.texts] == ["ss", "00", "10", "20"]
    (line,) = sshd_config.find_lines(config, "MaxAuthTries", except_in=ours)
    assert line.location == f"{main}.d/20-last.conf:1"


def test_a_block_ends_with_its_file_or_with_match_all(main: Path) -> None:
    config = sshd_config.read(str(main), {})

    blocks = {line.keyword: line.match for line in config.lines}
    assert blocks["x11forwarding"] == ("User", "eve")
    assert blocks["maxauthtries"] == blocks["port"] == blocks["usedns"] == ()
    assert blocks["banner"] == ("Group", "sftp")
    assert sshd_config.list_match_blocks(config) == [("User", "eve"), ("Group", "sftp")]


def test_a_copy_includes_copies_alone(main: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    ours = f"{main}.d/10-ours.conf"
    config = sshd_config.read(str(main), {ours: "MaxAuthTries 4\n"})

    copied, originals = sshd_config.copy(config, copies, str(main))

    first, *rest = Path(copied).read_text(encoding="utf-8").splitlines()
    included = first.split()[1:]
    assert [originals[path] for path in included] == [*list(config.texts)[1:]]
    assert all(Path(path).parent == copies for path in included)
    assert rest == main.read_text(encoding="utf-8").splitlines()[1:]


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ("User eve", ["Port 22", "Match Group sftp", "Banner none"]),
        ("Match  User   eve", ["Port 22", "Match Group sftp", "Banner none"]),
        ("Group sftp", ["Port 22", "Match User eve", "X11Forwarding yes"]),
        ("User adam", ["Port 22", "Match User eve", "X11Forwarding yes", "Match Group sftp"]),
    ],
)
def test_a_copy_leaves_out_match_blocks_by_their_criteria(
    tmp_path: Path, allowed: str, left: list[str]
) -> None:
    main = tmp_path / "sshd_config"
    blocks = "Match User eve\nX11Forwarding yes\nMatch Group sftp\nBanner none\n"
    main.write_text(f"Port 22\n{blocks}", encoding="utf-8")
    config = sshd_config.read(str(main), {})

    copied, _originals = sshd_config.copy(
        config, tmp_path / "copies", str(main), without={sshd_config.parse_criteria(allowed)}
    )

    lines = Path(copied).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line][: len(left)] == left
    assert len(lines) == 1 + blocks.count("\n")


def test_an_include_of_nothing_is_left_out(tmp_path: Path) -> None:
    main = tmp_path / "sshd_config"
    main.write_text(f"Include {tmp_path}/none/*.conf\nPort 22\n", encoding="utf-8")
    config = sshd_config.read(str(main), {})

    copied, _originals = sshd_config.copy(config, tmp_path, str(main))

    assert Path(copied).read_text(encoding="utf-8") == "\nPort 22\n"


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text(f"Include {second}\n", encoding="utf-8")
    second.write_text(f"Include {first}\n", encoding="utf-8")

    assert len(sshd_config.read(str(first), {}).texts) == 2
