# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a host: no synchronisation with a file that is not whole, no doubtful answer."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import host as _host

if t.TYPE_CHECKING:
    from pathlib import Path

KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
TEXT = f"[Interface]\nPrivateKey = {KEY}\nListenPort = 51820\n"


class Host(_host.Host):
    """A host whose programs answer as the test says, and which keeps what it was asked."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []

    def call(self, program: str, *words: str, **_more: t.Any) -> tuple[int, str, str]:
        self.asked.append((program, *words))
        return self.answers.get(program.replace("-", "_"), (0, "", ""))

    def run(self, program: str, *words: str, **_more: t.Any) -> str:
        return self.call(program, *words)[1]

    def has(self, program: str) -> bool:
        return program in self.answers

    def hide(self, _secret: str | None) -> None:
        """Keep nothing out of a log, since there is none."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(_host, "FOLDER", tmp_path)
    return tmp_path


def test_an_interface_is_synchronised_with_the_file_that_was_written(folder: Path) -> None:
    host = Host()

    host.sync("wg0", TEXT)

    ((*words, made),) = host.asked
    assert words == ["wg", "syncconf", "wg0"]
    assert made.startswith(f"{folder}/")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("read", "text"),
    [
        ((TEXT, ["can be read by others"]), TEXT),
        ((TEXT[:-1], []), TEXT),
        (("", []), TEXT),
        ((None, []), TEXT),
        (("", []), ""),
        (("[Interface]\n", []), "[Interface]\n"),
    ],
    ids=["not protected", "cut short", "empty", "gone", "no text", "no key"],
)
def test_a_file_that_would_clear_the_interface_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, read: t.Any, text: str
) -> None:
    host = Host()
    monkeypatch.setattr(_host.files, "read", lambda _path, _max_bytes: read)

    with pytest.raises(Failure, match="nothing was synchronised"):
        host.sync("wg0", text)

    assert host.asked == []
    assert list(folder.iterdir()) == []


def test_handshakes_are_told_by_their_age_and_peers_without_one_are_left_out() -> None:
    lines = f"{KEY}\t1000\nahead\t1100\nnever\t0\n"
    host = Host(wg=(0, lines, ""))

    assert host.read_handshakes("wg0", 1060.9) == {KEY: 60, "ahead": 0}


@pytest.mark.parametrize(
    ("is_loaded", "answers", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (False, {"modprobe": (0, "", "")}, True),
        (False, {"modprobe": (1, "", "not found")}, False),
    ],
)
def test_the_kernel_is_known_by_what_it_has_or_could_load(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, tuple[int, str, str]],
    *,
    is_loaded: bool,
    expected: bool,
) -> None:
    monkeypatch.setattr(_host, "WIREGUARD", tmp_path if is_loaded else tmp_path / "absent")

    assert Host(**answers).kernel_has_wireguard() is expected


@pytest.mark.parametrize(
    ("has_folder", "answers", "expected"),
    [
        (True, {"systemctl": (0, "", "")}, True),
        (True, {}, False),
        (False, {"systemctl": (0, "", "")}, False),
    ],
)
def test_systemd_runs_a_host_where_its_folder_and_its_program_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, tuple[int, str, str]],
    *,
    has_folder: bool,
    expected: bool,
) -> None:
    monkeypatch.setattr(_host, "SYSTEMD", tmp_path if has_folder else tmp_path / "absent")

    assert Host(**answers).has_systemd() is expected


@pytest.mark.parametrize(("printed", "is_key"), [(f"{KEY}\n", True), ("\n", False)])
def test_what_is_no_key_is_not_taken_for_one(printed: str, *, is_key: bool) -> None:
    host = Host(wg=(0, printed, ""))

    if is_key:
        assert host.make_private_key() == KEY
    else:
        with pytest.raises(Failure, match="gave no key"):
            host.make_private_key()
