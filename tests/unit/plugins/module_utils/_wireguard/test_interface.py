# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interface on its host: what is done to it, by file, running state, unit and options."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import (
    files as _files,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import (
    interface as _interface,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import units
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.conf import parse
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    Invalid,
    fingerprint,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.runtime import (
    Running,
    RunningPeer,
    parse_routes,
)

if t.TYPE_CHECKING:
    from pathlib import Path


def key(number: int) -> str:
    return base64.b64encode(number.to_bytes(32, "big")).decode()


def public(private_key: str) -> str:
    return base64.b64encode(hashlib.sha256(private_key.encode()).digest()).decode()


OWN, OTHER = key(1), key(9)
PEER_A: dict[str, t.Any] = {
    "name": "a",
    "public_key": key(2),
    "endpoint": "192.0.2.2:51820",
    "allowed_ips": ["10.8.0.2/32"],
    "persistent_keepalive": None,
    "preshared_key": None,
    "next_public_key": None,
}
PEER_B = {**PEER_A, "name": "b", "public_key": key(3), "allowed_ips": ["10.8.0.3/32"]}
ROUTES = parse_routes('[{"dst": "10.8.0.0/24", "protocol": "kernel"}]', "[]")
OPTIONS: dict[str, t.Any] = {
    "name": "wg0",
    "address": ["10.8.0.1/24"],
    "listen_port": 51820,
    "mtu": 1420,
    "peers": [PEER_A],
    "private_key_file": None,
    "purge_peers": True,
    "keep_peers": [],
    "allow_empty": False,
    "recorded_key": None,
    "userspace": "auto",
    "forward": False,
}


class Host:
    """A host on which the interface runs as its file says, unless the test says otherwise."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.running: Running | None = None
        self.unit = {"ActiveState": "inactive", "UnitFileState": "disabled"}
        self.programs = {"wg", "wg-quick", "ip"}
        self.asked: list[str] = []
        self.hidden: set[str | None] = set()
        self.half_made = False
        self.stays_up = True

    def hide(self, secret: str | None) -> None:
        self.hidden.add(secret)

    def has(self, program: str) -> bool:
        return program in self.programs

    def kernel_has_wireguard(self) -> bool:
        return True

    def find_public_key(self, private_key: str) -> str:
        return public(private_key)

    def read(self, _name: str) -> tuple[Running | None, dict[str, t.Any]]:
        assert self.has("ip")
        return self.running, {}

    def as_in_file(self) -> Running:
        """Return what runs when the file is loaded."""
        conf = parse(self.file.read_text())
        peers = [
            RunningPeer(p.public_key, None, p.endpoint, frozenset(p.allowed_ips or ()), 0, 0)
            for p in conf.interface.peers
        ]
        others = (p.standby_key for p in conf.interface.peers if p.standby_key)
        peers += [RunningPeer(key, OTHER, None, frozenset(), 0, 0) for key in others]
        own, addresses = conf.private_key, conf.interface.addresses
        return Running(
            own, public(own), 51820, tuple(peers), addresses, 1420, is_up=True, routes=ROUTES
        )

    def bring_up(self, _name: str) -> None:
        self.asked.append("up")
        self.half_made = False
        self.running = self.as_in_file() if self.stays_up else None

    def sync(self, _name: str, text: str) -> None:
        assert "PrivateKey = " in text
        self.asked.append("sync")
        self.running = self.as_in_file() if self.stays_up else self.running

    def run(self, *command: str) -> str:
        self.asked.append(" ".join(command))
        return ""

    def is_half_made(self, _name: str, _running: Running) -> bool:
        return self.half_made

    def unit_state(self, _name: str) -> dict[str, str]:
        return self.unit

    def enable(self, _name: str) -> None:
        self.asked.append("enable")
        self.unit = {"ActiveState": "active", "UnitFileState": "enabled"}

    def disable(self, _name: str) -> None:
        self.asked.append("disable")

    def delete(self, _name: str) -> None:
        self.asked.append("delete")
        self.running = None

    def sync_file(self, name: str) -> Path:
        return self.file.with_name(f"{name}.sync")

    def has_systemd(self) -> bool:
        return True

    def is_active(self, _unit: str) -> bool:
        return True

    def start_unit(self, _unit: str, *words: str) -> None:
        self.asked.append(f"follow {words[-1]}")

    def stop_unit(self, _unit: str) -> None:
        """Nobody is followed; a start says that by itself."""


class Case:
    """A host, and the module that is run on it."""

    def __init__(self, folder: Path, host: Host) -> None:
        self.folder, self.host = folder, host
        self.file = folder / "wg0.conf"

    def act(self, verb: str = "keep", *, check: bool = False, **options: t.Any) -> list[str]:
        """Run the module; return the changes."""
        module = t.cast("t.Any", type("Module", (), {"check_mode": check}))
        module.params = {**OPTIONS, **options}

        def change(act: t.Callable[..., t.Any], *values: t.Any) -> None:
            if not check:
                act(*values)

        self.done = _interface.InterfaceOnHost(module, change)
        getattr(self.done, verb)()
        return self.done.changes


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    folder = tmp_path / "wireguard"
    folder.mkdir(mode=0o700)
    for module in (_files, _interface):
        monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr(units, "RUN", tmp_path / "run")
    host = Host(folder / "wg0.conf")
    monkeypatch.setattr(_interface, "Host", lambda _module: host)
    monkeypatch.setattr(_interface, "has_ipv6", lambda: True)
    monkeypatch.setattr(_interface, "find_connection", lambda *_: None)
    write(folder / "wg0.key", OWN + "\n")
    return Case(folder, host)


def write(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text)


def test_a_new_interface_is_written_brought_up_and_enabled_once(case: Case) -> None:
    preview = case.act(check=True)
    assert not case.file.exists()

    made, again = case.act(), case.act()

    assert made == preview == ["file: written", "interface: brought up", "unit: enabled"]
    assert case.host.asked == ["up", "enable"]
    assert again == []
    assert case.done.views() == ("", "")
    assert OWN in case.host.hidden
    assert case.done.describe() == {
        "name": "wg0",
        "public_key": public(OWN),
        "address": ["10.8.0.1/24"],
        "listen_port": 51820,
        "mtu": 1420,
        "peers": ["a"],
    }


def test_a_preview_before_the_tools_and_the_key_are_there_foretells_all(case: Case) -> None:
    case.host.programs = set()
    (case.folder / "wg0.key").unlink()

    assert case.act(check=True) == ["file: written", "interface: brought up", "unit: enabled"]
    assert case.done.describe()["public_key"] is None


def test_without_its_key_no_interface_is_made(case: Case) -> None:
    (case.folder / "wg0.key").unlink()

    with pytest.raises(Failure, match="wireguard_key makes it"):
        case.act()

    assert (case.file.exists(), case.host.asked) == (False, [])


def test_with_the_recorded_key_the_interface_is_kept(case: Case) -> None:
    made, again = (case.act(recorded_key=public(OWN)) for _turn in range(2))

    assert made == ["file: written", "interface: brought up", "unit: enabled"]
    assert (again, case.done.lacking) == ([], {})


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("recorded_key", "programs", "lacking"),
    [
        (public(OWN), set(), {"packages": ["iproute2", "wireguard-tools"]}),
        (public(OTHER), {"wg", "wg-quick", "ip"}, {"key": "unrecorded"}),
        ("", {"wg", "wg-quick", "ip"}, {"key": "unrecorded"}),
    ],
)
def test_a_host_that_lacks_something_is_left_as_it_is(
    case: Case, recorded_key: str, programs: set[str], lacking: dict[str, t.Any], *, check: bool
) -> None:
    case.act()
    case.host.asked.clear()
    case.host.programs = programs
    before = case.file.read_text()

    changes = case.act(recorded_key=recorded_key, peers=[PEER_B], forward=True, check=check)

    assert (changes, case.host.asked, case.file.read_text()) == ([], [], before)
    assert case.done.lacking == lacking


def test_who_lacks_something_is_refused_for_what_is_in_the_way_all_the_same(case: Case) -> None:
    write(case.file, "[Interface]\nPrivateKey = " + OTHER + "\n")
    case.host.programs = set()

    with pytest.raises(Failure, match="has not written"):
        case.act(recorded_key="")


def test_packets_are_passed_on_before_the_interface_changes(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_changes(name: str, _addresses: t.Any) -> list[t.Any]:
        return [(f"{name} forwards", lambda: case.host.asked.append("forward"))]

    monkeypatch.setattr(_interface, "find_changes", find_changes)

    changes = case.act(forward=True)

    assert changes[0] == "wg0 forwards"
    assert case.host.asked[0] == "forward"
    assert "wg0 forwards" in case.done.views()[1]
    assert "wg0 forwards" not in case.act()


def test_a_further_peer_needs_the_file_and_a_synchronisation(case: Case) -> None:
    case.act()
    case.host.asked.clear()

    changes = case.act(peers=[PEER_A, PEER_B])

    assert changes[0] == "file: written"
    assert any("b" in note for note in changes[1:])
    assert case.host.asked == ["sync"]
    before, after = case.done.views()
    new = fingerprint(key(3))
    assert (new in before, new in after) == (False, True)
    assert OWN not in before + after


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"peers": [PEER_B]}, ["b"]),
        ({"peers": [PEER_B], "keep_peers": ["a"]}, ["a", "b"]),
        ({"peers": [PEER_B], "purge_peers": False}, ["a", "b"]),
        ({"peers": [], "allow_empty": True}, []),
    ],
)
def test_known_peers_stay_where_they_are_to_be_kept(
    case: Case, options: dict[str, t.Any], names: list[str]
) -> None:
    case.act()

    case.act(**options)

    assert case.done.describe()["peers"] == names


@pytest.mark.parametrize("has_file", [True, False])
def test_all_tunnels_are_cut_only_on_demand(case: Case, *, has_file: bool) -> None:
    case.act()
    if not has_file:
        case.file.unlink()

    with pytest.raises(Invalid, match="cut all 1 tunnels of wg0"):
        case.act(peers=[])


def test_peers_are_added_with_the_key_that_the_file_has(case: Case) -> None:
    case.act()
    (case.folder / "wg0.key").unlink()

    case.act(purge_peers=False, peers=[PEER_B])

    assert parse(case.file.read_text()).private_key == OWN
    with pytest.raises(Failure, match="wireguard_key makes it"):
        case.act(peers=[PEER_B])


def test_the_key_may_be_in_another_file(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "other.key", OTHER)

    case.act(private_key_file=str(tmp_path / "other.key"))

    assert parse(case.file.read_text()).private_key == OTHER


def test_an_interface_of_somebody_else_is_left_alone(case: Case) -> None:
    case.act()
    case.file.unlink()
    case.host.running = replace(case.host.running, private_key=OTHER)  # type: ignore[type-var] # it runs

    for verb in ("keep", "remove"):
        with pytest.raises(Failure, match="with another key"):
            case.act(verb)

    assert case.host.asked == ["up", "enable"]


def test_a_half_made_interface_is_brought_up_anew(case: Case) -> None:
    case.act()
    case.host.half_made = True

    assert case.act() == ["interface: brought up"]


@pytest.mark.parametrize("peers", [[PEER_A], [PEER_A, PEER_B]])
def test_what_does_not_stay_as_wanted_is_a_failure(case: Case, peers: list[t.Any]) -> None:
    if len(peers) > 1:
        case.act()
    case.host.asked.clear()
    case.host.stays_up = False

    with pytest.raises(Failure, match="still differs after 4 repairs") as refusal:
        case.act(peers=peers)

    is_synced = len(peers) > 1
    assert case.host.asked == ["sync" if is_synced else "up"] * 4
    assert ("does not stay up" in str(refusal.value)) is not is_synced


def test_a_link_that_is_down_is_repaired_without_a_synchronisation(case: Case) -> None:
    case.act()
    case.host.asked.clear()
    whole = case.host.running
    case.host.running = replace(whole, mtu=1300)  # type: ignore[type-var] # it runs

    def run(*command: str) -> str:
        case.host.asked.append(" ".join(command))
        case.host.running = whole
        return ""

    case.host.run = run  # type: ignore[method-assign] # it repairs
    changes = case.act()

    assert len(changes) == 1
    assert case.host.asked == ["ip link set dev wg0 mtu 1420"]


def test_what_a_killed_run_left_is_removed(case: Case) -> None:
    left = [_files.files.temp_name(path) for path in (case.file, case.host.sync_file("wg0"))]
    for path in left:
        write(path, OWN)

    case.act(check=True)
    assert all(path.exists() for path in left)
    case.act()

    assert not any(path.exists() for path in left)


def test_peers_of_two_keys_are_followed_as_long_as_there_are_any(case: Case) -> None:
    rotating = {**PEER_A, "next_public_key": key(4)}
    case.act()
    case.host.asked.clear()

    begun = case.act(peers=[rotating])
    renewed = case.act(peers=[rotating])
    previewed = case.act(peers=[rotating], check=True)
    ended = case.act()

    assert "rotation: 1 peers are followed to their other keys" in begun
    assert "rotation: 1 peers are followed to their other keys" not in renewed + previewed
    assert "rotation: ended" in ended
    assert case.host.asked.count("follow 3600") == 2


def test_an_interface_is_removed_with_all_that_it_had(case: Case) -> None:
    case.act()
    case.host.asked.clear()
    preview = case.act("remove", check=True)
    assert (case.file.exists(), case.host.asked) == (True, [])

    removed = case.act("remove")

    assert removed == preview
    assert removed == ["unit: stopped and disabled", "interface: removed", "file: removed"]
    assert case.host.asked == ["disable", "delete"]
    before, after = case.done.views()
    assert fingerprint(key(2)) in before
    assert str(case.file) in before
    assert after == ""
    case.host.unit = {}
    assert case.act("remove") == []


@pytest.mark.parametrize(
    "unit",
    [
        {"ActiveState": "active", "UnitFileState": "disabled"},
        {"ActiveState": "inactive", "UnitFileState": "enabled"},
    ],
)
def test_a_unit_that_is_left_is_removed(case: Case, unit: dict[str, str]) -> None:
    case.host.unit = unit

    assert case.act("remove") == ["unit: stopped and disabled"]
