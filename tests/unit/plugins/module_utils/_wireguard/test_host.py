# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a host: no synchronisation with a file that is not whole, no doubtful answer."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import host as _host
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.runtime import Running

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
        if f"{program} {words[0]}" in self.answers:
            return self.answers[f"{program} {words[0]}"]
        return self.answers.get(program.replace("-", "_"), (0, "", ""))

    def run(self, program: str, *words: str, **_more: t.Any) -> str:
        return self.call(program, *words)[1]

    def has(self, program: str) -> bool:
        return program in self.answers

    def need(self, program: str) -> str:
        return program

    def hide(self, _secret: str | None) -> None:
        """Keep nothing out of a log, since there is none."""

    def clean(self, text: str) -> str:
        return text

    @property
    def lines(self) -> list[str]:
        """The commands, as a person would type them."""
        return [" ".join(command) for command in self.asked]


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


SYSTEMD = {"systemctl": (0, "", "")}


@pytest.fixture
def with_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_host, "SYSTEMD", tmp_path)


@pytest.mark.usefixtures("with_systemd")
def test_the_state_of_the_unit_is_read_by_its_names() -> None:
    printed = "ActiveState=active\nUnitFileState=a=b=c\n\nwarning\n"
    host = Host(**SYSTEMD, **{"systemctl show": (0, printed, "")})

    assert host.unit_state("wg0") == {"ActiveState": "active", "UnitFileState": "a=b=c"}
    assert host.lines == [
        "systemctl show wg-quick@wg0.service --property=ActiveState,UnitFileState"
    ]
    assert Host().unit_state("wg0") == {}


@pytest.mark.usefixtures("with_systemd")
@pytest.mark.parametrize(
    ("private_key", "state", "is_half_made"),
    [(None, "activating", True), (None, "active", False), (KEY, "inactive", False)],
)
def test_what_a_killed_start_left_has_neither_key_nor_unit(
    private_key: str | None, state: str, *, is_half_made: bool
) -> None:
    host = Host(**SYSTEMD, **{"systemctl show": (0, f"ActiveState={state}\n", "")})
    running = Running(private_key, None, 51820, (), (), 1420, is_up=True, routes=())

    assert host.is_half_made("wg0", running) is is_half_made


@pytest.mark.usefixtures("with_systemd")
@pytest.mark.parametrize("is_there", [True, False])
def test_an_interface_is_brought_up_by_its_unit(
    monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    host = Host(**SYSTEMD)
    monkeypatch.setattr(host, "list_links", lambda: ["lo", "wg0"] if is_there else ["lo"])
    monkeypatch.setattr(host, "delete", lambda name: host.asked.append(("delete", name)))

    host.bring_up("wg0")

    assert host.lines == [
        *(["delete wg0"] if is_there else []),
        "systemctl reset-failed wg-quick@wg0.service",
        "systemctl restart wg-quick@wg0.service",
    ]


def test_without_systemd_an_interface_is_brought_up_by_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = Host()
    monkeypatch.setattr(host, "list_links", list)

    host.bring_up("wg0")

    assert host.lines == ["wg-quick up wg0"]


@pytest.mark.usefixtures("with_systemd")
def test_a_unit_that_does_not_start_gives_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(
        **SYSTEMD,
        **{"systemctl restart": (1, "", "failed\n"), "journalctl": (0, "no such device\n", "")},
    )
    monkeypatch.setattr(host, "list_links", list)

    with pytest.raises(Failure, match="does not start: failed\nno such device") as caught:
        host.bring_up("wg0")

    assert caught.value.code == "not_started"
    assert host.lines[-1] == (
        "journalctl --no-pager --output=cat --lines=8 --unit wg-quick@wg0.service"
    )


@pytest.mark.parametrize(("code", "is_active"), [(0, True), (3, False)])
def test_a_unit_runs_when_systemctl_says_so(code: int, *, is_active: bool) -> None:
    assert Host(systemctl=(code, "", "")).is_active("x.service") is is_active


def test_transient_units_are_started_and_stopped_for_good() -> None:
    host = Host()

    host.start_unit("x.service", "--", "/bin/true")
    host.stop_unit("x.service")
    host.set_private_key("wg0", _host.FOLDER / "wg0.key")

    assert host.lines == [
        "systemd-run --quiet --collect --unit=x.service -- /bin/true",
        "systemctl stop x.service",
        "systemctl reset-failed x.service",
        "wg set wg0 private-key /etc/wireguard/wg0.key",
    ]
