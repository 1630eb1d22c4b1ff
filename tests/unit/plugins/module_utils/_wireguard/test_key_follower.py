# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a host lets a peer in under its other key, by a fake wg that remembers its settings."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import (
    key_follower,
)

NO_KEY = "A" * 43 + "="
FAKE_WG = """#!{python}
import json, pathlib, sys
file = pathlib.Path({state!r})
peers = json.loads(file.read_text())
words = sys.argv[1:]
if words[0] == "genpsk":
    print("nobody's")
elif words[0] == "show":
    print("own\\tkey\\t51820\\toff")
    for key, row in peers.items():
        print("\\t".join([key, *map(str, row)]))
else:
    options, psk = words[2:], sys.stdin.read().strip()
    while options:
        name, value = options[:2]
        options = options[2:]
        if name == "peer":
            key = value
            if options[:1] == ["remove"]:
                del peers[key]
                options = options[1:]
            else:
                peers.setdefault(key, ["(none)", "(none)", "(none)", 0, 0, 0, "off"])
        elif name == "preshared-key":
            peers[key][0] = "(none)" if psk == "{zeros}" else psk
        elif name == "allowed-ips":
            for row in peers.values():
                row[2] = "(none)" if row[2] == value else row[2]
            peers[key][2] = value
        else:
            peers[key][{{"endpoint": 1, "persistent-keepalive": 6}}[name]] = value
    file.write_text(json.dumps(peers))
"""
PAIR = ("old", "new")

Rows = dict[str, list[t.Any]]


class Interface:
    """The peers of an interface, as the fake wg keeps them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "peers.json"
        wg = folder / "wg"
        wg.write_text(FAKE_WG.format(python=sys.executable, state=str(self._file), zeros=NO_KEY))
        wg.chmod(0o755)

    @property
    def peers(self) -> Rows:
        return t.cast("Rows", json.loads(self._file.read_text()))

    @peers.setter
    def peers(self, rows: Rows) -> None:
        self._file.write_text(json.dumps(rows))


@pytest.fixture
def interface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Interface:
    """Return an interface whose peer uses its old key."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(key_follower, "FOLDER", str(tmp_path))
    made = Interface(tmp_path)
    made.peers = {
        "old": ["(none)", "192.0.2.2:51820", "10.8.0.2/32", 9, 500, 500, "off"],
        "new": ["nobody's", "(none)", "(none)", 0, 0, 0, "off"],
        "third": ["(none)", "192.0.2.3:51820", "10.8.0.3/32", 9, 500, 500, "25"],
    }
    return made


def received(interface: Interface, key: str, endpoint: str = "192.0.2.9:4000") -> None:
    rows = interface.peers
    rows[key][1], rows[key][4] = endpoint, 148
    interface.peers = rows


def test_nothing_happens_while_the_key_in_use_is_used(interface: Interface) -> None:
    before = interface.peers

    key_follower.follow("wg0", [PAIR], key_follower.Handshakes())

    assert interface.peers == before


def test_a_handshake_of_the_other_key_exchanges_the_two(interface: Interface) -> None:
    third = interface.peers["third"]
    received(interface, "new")

    key_follower.follow("wg0", [PAIR], key_follower.Handshakes())

    assert interface.peers["new"] == [
        "(none)", "192.0.2.9:4000", "10.8.0.2/32", 0, 0, 0, "off"
    ]  # fmt: skip
    assert interface.peers["old"] == ["nobody's", "(none)", "(none)", 0, 0, 0, "off"]
    assert interface.peers["third"] == third


def test_a_peer_that_goes_back_is_followed_back(interface: Interface) -> None:
    received(interface, "new")
    key_follower.follow("wg0", [PAIR], key_follower.Handshakes())
    received(interface, "old")

    key_follower.follow("wg0", [PAIR], key_follower.Handshakes())

    assert interface.peers["old"][2] == "10.8.0.2/32"
    assert interface.peers["new"][2] == "(none)"


def test_preshared_key_and_keepalive_go_with_the_allowed_ips(interface: Interface) -> None:
    rows = interface.peers
    rows["old"][0], rows["old"][6] = "the pair's", "10"
    interface.peers = rows
    received(interface, "new")

    key_follower.follow("wg0", [PAIR], key_follower.Handshakes())

    assert interface.peers["new"][0] == "the pair's"
    assert interface.peers["new"][6] == "10"


def exchange(interface: Interface) -> key_follower.Handshakes:
    """Let the peer in under its new key, and return the handshake that this began."""
    received(interface, "new")
    begun = key_follower.Handshakes()
    key_follower.follow("wg0", [PAIR], begun)
    return begun


def follow(interface: Interface, begun: key_follower.Handshakes) -> bool:
    """Return whether the peer of the new key was made anew, and with it the handshake."""
    rows = interface.peers
    rows["new"][5] = 148  # what was sent to it, which a new peer does not have
    interface.peers = rows
    key_follower.follow("wg0", [PAIR], begun)
    return interface.peers["new"] == [*rows["new"][:5], 0, rows["new"][6]]


@pytest.mark.parametrize(
    ("patience", "handshake", "again"), [(-1.0, 0, True), (600.0, 0, False), (-1.0, 700, False)]
)
def test_a_handshake_that_is_lost_is_begun_again(
    interface: Interface,
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
    handshake: int,
    *,
    again: bool,
) -> None:
    """Once it had its time, and if it was not answered."""
    monkeypatch.setattr(key_follower, "PATIENCE_S", (patience, 600.0))
    begun = exchange(interface)
    rows = interface.peers
    rows["new"][3] = handshake
    interface.peers = rows

    assert follow(interface, begun) == again
    assert not follow(interface, begun)
    assert interface.peers["new"][2] == "10.8.0.2/32"


def test_an_owner_that_is_gone_is_left_to_wireguard_after_some_handshakes(
    interface: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_follower, "PATIENCE_S", (-1.0,) * 3)
    begun = exchange(interface)

    assert [follow(interface, begun) for _try in range(5)] == [True, True, True, False, False]


def test_no_handshake_is_begun_with_a_key_that_its_owner_has_left_again(
    interface: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_follower, "PATIENCE_S", (-1.0, 600.0))
    begun = exchange(interface)
    received(interface, "old")

    assert not follow(interface, begun)
    assert interface.peers["old"][2] == "10.8.0.2/32"
    assert interface.peers["new"][2] == "(none)"


@pytest.mark.parametrize("missing", ["old", "new"])
def test_a_peer_that_is_gone_is_not_followed(interface: Interface, missing: str) -> None:
    rows = interface.peers
    rows["new"][4] = 148
    del rows[missing]
    interface.peers = rows

    key_follower.follow("wg0", [PAIR], key_follower.Handshakes())

    assert interface.peers == rows


def test_what_was_received_before_the_start_does_not_count(
    interface: Interface, tmp_path: Path
) -> None:
    received(interface, "new")
    pairs = tmp_path / "pairs"
    pairs.write_text(json.dumps([PAIR]))

    key_follower.main(["wg0", str(pairs), "0.2"])

    assert interface.peers["old"][2] == "10.8.0.2/32"
    assert interface.peers["new"] == ["nobody's", "(none)", "(none)", 0, 0, 0, "off"]
