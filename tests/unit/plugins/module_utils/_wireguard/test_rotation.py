# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from one private key to the next, on a host whose programs are played by this file."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import (
    files as _wireguard_files,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import (
    host as _wireguard_host,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import (
    rotation as _wireguard_rotation,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import Invalid

FORMER = base64.b64encode(bytes(range(32))).decode()
PEER = "10.90.0.2"
UP_S = 180
"""A peer whose latest handshake is older is down."""


def public(private_key: str) -> str:
    return base64.b64encode(hashlib.sha256(private_key.encode()).digest()).decode()


class Module:
    """What AnsibleModule gives, on a host with one interface and systemd."""

    def __init__(self, folder: Path, *, check: bool = False, **params: t.Any) -> None:
        options = {"name": "wg0", "private_key_file": None, "addresses": [PEER], "timeout": 60}
        self.params = {**options, **params}
        self.check_mode = check
        self.no_log_values: set[str] = set()
        self.asked: list[str] = []
        self.running: str | None = FORMER
        self.timer = False
        self.timer_starts = True
        self.changes = 0
        self.peers: dict[str, int] = {}
        """The seconds since the latest handshake with each peer, by its key."""
        self.lost = 0
        """How many of the next packets to the peers are lost."""
        self.warnings: list[str] = []
        self._folder = folder

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    @property
    def changed_host(self) -> list[str]:
        """The commands that change the host."""
        only_read = ("show", "pubkey", "genkey", "-j", "is-active")
        return [words for words in self.asked if words.split()[1] not in only_read]

    def get_bin_path(self, program: str) -> str | None:
        return None if program == "timeout" else program

    def run_command(
        self, words: list[str], *, data: str | None, **_: t.Any
    ) -> tuple[int, str, str]:
        self.asked.append(shlex.join(words))
        program, verb = words[0], words[1]
        if program == "ip":
            return 0, self._links() if "address" in words else "[]", ""
        if program == "wg":
            return 0, self._wg(verb, words, data), ""
        if program == "systemctl":
            return self._systemctl(verb, words[-1]), "", ""
        if program == "systemd-run":
            self.timer = self.timer_starts
        if program == "sh":
            self._ping()
        return 0, "", ""

    def _ping(self) -> None:
        if self.lost:
            self.lost -= 1
        else:
            self.peers = {key: age if age > UP_S else 0 for key, age in self.peers.items()}

    def _links(self) -> str:
        link = {"ifname": "wg0", "mtu": 1420, "flags": ["UP"], "addr_info": []}
        return json.dumps([link] if self.running else [])

    def _wg(self, verb: str, words: list[str], data: str | None) -> str:
        if verb == "set" and "remove" in words:
            return ""
        if verb == "set":
            assert words[2:4] == ["wg0", "private-key"]
            self.running = Path(words[4]).read_text().strip()
        if verb == "show":
            rows = [
                f"{key}\t(none)\t192.0.2.2:51820\t{PEER}/32\t{int(time.time()) - age}\t9\t9\t25\n"
                for key, age in self.peers.items()
            ]
            return f"{self.running}\t{public(self.running or '')}\t51820\toff\n{''.join(rows)}"
        if verb == "genkey":
            return base64.b64encode(hashlib.sha256(b"next").digest()).decode() + "\n"
        return public((data or "").strip()) + "\n"

    def _systemctl(self, verb: str, unit: str) -> int:
        if verb == "is-active":
            return 0 if self.timer else 3
        if verb == "stop" and unit.endswith(".timer"):
            self.timer = False
        return 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the host's keys, with a key and a file of wg-quick(8)."""
    folder = tmp_path / "wireguard"
    folder.mkdir(mode=0o700)
    for module in (_wireguard_files, _wireguard_rotation):
        monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr(_wireguard_host, "SYSTEMD", tmp_path)
    write(folder / "wg0.key", FORMER + "\n")
    write(folder / "wg0.conf", f"[Interface]\nPrivateKey = {FORMER}\nListenPort = 51820\n")
    return folder


def write(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text)


def go(module: Module, *states: str) -> dict[str, str | None]:
    """Take steps on one host, and return the public halves after them."""

    def change(write: t.Callable[..., t.Any], *values: t.Any) -> t.Any:
        module.changes += 1
        return None if module.check_mode else write(*values)

    rotation = _wireguard_rotation.Rotation(t.cast("t.Any", module), change)
    for state in states:
        rotation.go_to(state)
    return rotation.read_keys()


def files_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_next_key_is_made_once_beside_the_present_one(folder: Path) -> None:
    module = Module(folder)

    first = go(module, "prepared")
    again = go(module, "prepared")

    assert first == again
    assert first["present"] == first["running"] == public(FORMER)
    assert first["next"] not in (None, public(FORMER))
    assert (folder / "wg0.key.next").stat().st_mode & 0o777 == 0o600
    assert module.changed_host == []


def test_the_timer_runs_before_the_key_does_and_the_files_keep_the_former_one(folder: Path) -> None:
    module = Module(folder)
    before = files_of(folder)

    keys = go(module, "prepared", "switched")

    assert keys["running"] == keys["next"]
    assert module.timer
    armed, set_key, woke = (
        next(index for index, words in enumerate(module.asked) if words.startswith(start))
        for start in ("systemd-run", "wg set", "sh -c")
    )
    assert armed < set_key < woke
    assert PEER in module.asked[woke]
    assert {name: files_of(folder)[name] for name in before} == before


@pytest.mark.parametrize(
    ("lost", "age_s", "begun_again"),
    [(0, 60, 0), (1, 60, 1), (2, 60, 2), (9, 60, 2), (9, 180, 0), (0, 600, 0), (9, 600, 0)],
)
def test_a_handshake_that_is_lost_is_begun_again_with_peers_that_were_up(
    folder: Path, lost: int, age_s: int, begun_again: int
) -> None:
    """WireGuard itself would wait 5 s."""
    module = Module(folder)
    module.peers = {"peer": age_s}
    go(module, "prepared")
    module.lost = lost

    go(module, "switched")

    begin = f"endpoint 192.0.2.2:51820 persistent-keepalive 25 allowed-ips {PEER}/32"
    again = [words for words in module.asked if "remove" in words]
    assert again == [f"wg set wg0 peer peer remove peer peer {begin}"] * begun_again
    assert len(module.warnings) == begun_again
    assert all(f"{PEER}/32 was lost" in text for text in module.warnings)


def test_switching_twice_arms_the_timer_once(folder: Path) -> None:
    module = Module(folder)

    go(module, "prepared", "switched", "switched")

    assert sum(words.startswith("systemd-run") for words in module.asked) == 1


def test_a_commit_leaves_the_next_key_alone_in_both_files(folder: Path) -> None:
    module = Module(folder)

    keys = go(module, "prepared", "switched", "committed")

    assert keys == {
        "present": keys["running"],
        "next": None,
        "running": public(module.running or ""),
    }
    assert set(files_of(folder)) == {"wg0.key", "wg0.conf"}
    assert FORMER not in "".join(files_of(folder).values())
    assert f"PrivateKey = {module.running}\nListenPort" in files_of(folder)["wg0.conf"]
    assert not module.timer
    assert go(module, "committed") == keys


def test_a_commit_killed_between_its_files_is_finished_by_the_next(folder: Path) -> None:
    module = Module(folder)
    go(module, "prepared", "switched")
    (folder / "wg0.key.next").rename(folder / "wg0.key")

    go(module, "committed")

    assert f"PrivateKey = {module.running}" in files_of(folder)["wg0.conf"]


def test_going_back_forgets_the_next_key_and_stops_the_timer(folder: Path) -> None:
    module = Module(folder)
    before = files_of(folder)

    keys = go(module, "prepared", "switched", "reverted")

    assert keys == {"present": public(FORMER), "next": None, "running": public(FORMER)}
    assert files_of(folder) == before
    assert not module.timer
    assert sum(words.startswith("sh -c") and PEER in words for words in module.asked) == 2


def test_a_commit_after_the_timer_is_refused_and_keeps_the_former_key(folder: Path) -> None:
    module = Module(folder)
    go(module, "prepared", "switched")
    module.running = FORMER
    before = files_of(folder)

    with pytest.raises(Failure, match="taken the change back by its timer") as refused:
        go(module, "committed")

    assert refused.value.code == "not_switched"
    assert files_of(folder) == before


def test_a_timer_that_does_not_start_leaves_the_key_alone(folder: Path) -> None:
    module = Module(folder)
    module.timer_starts = False

    with pytest.raises(Failure) as refused:
        go(module, "prepared", "switched")

    assert refused.value.code == "not_armed"
    assert module.running == FORMER


@pytest.mark.parametrize(
    ("running", "states", "code"),
    [
        (FORMER, ["switched"], "not_prepared"),
        (None, ["prepared", "switched"], "not_running"),
        (FORMER, ["prepared", "committed"], "not_switched"),
    ],
)
def test_a_step_without_the_one_before_it_is_refused(
    folder: Path, running: str | None, states: list[str], code: str
) -> None:
    module = Module(folder)
    module.running = running

    with pytest.raises(Failure) as refused:
        go(module, *states)

    assert refused.value.code == code
    assert module.changed_host == []


@pytest.mark.parametrize("state", ["prepared", "switched", "reverted"])
def test_a_preview_changes_nothing(folder: Path, state: str) -> None:
    module = Module(folder)
    go(module, "prepared")
    before, module.asked = files_of(folder), []
    module.check_mode = True

    go(module, state)

    assert files_of(folder) == before
    assert module.changed_host == []


def test_a_preview_of_all_steps_needs_none_of_them(folder: Path) -> None:
    module = Module(folder)
    before, module.check_mode = files_of(folder), True
    go(module, "prepared", "switched")
    assert module.changes == 3
    assert files_of(folder) == before
    assert module.changed_host == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 4},
        {"timeout": 3601},
        {"addresses": ["$(reboot)"]},
        {"addresses": ["10.90.0.2; reboot"]},
        {"name": "../wg0"},
    ],
)
def test_wrong_values_are_refused_before_anything_is_read(
    folder: Path, wrong: dict[str, t.Any]
) -> None:
    module = Module(folder, **wrong)

    with pytest.raises(Invalid):
        go(module, "prepared")

    assert module.asked == []


def test_all_private_keys_are_kept_out_of_results(folder: Path) -> None:
    module = Module(folder)

    go(module, "prepared", "switched")

    assert {FORMER, module.running} <= module.no_log_values
    assert not any(FORMER in words or str(module.running) in words for words in module.asked)
