# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the firewall asks of its host, and in which order: the timer before the rules."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall import host as _host
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import (
    REPLACING,
    TABLE,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

if t.TYPE_CHECKING:
    from pathlib import Path

FAMILY, NAME = TABLE.split()
RULES = f"table {TABLE} {{ new }}\n"


class Host(_host.Host):
    """A host whose programs answer as the test says; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fed: list[str | None] = []
        self.answers: dict[str, tuple[int, str, str]] = {}

    def call(self, *command: str, data: str | None = None) -> tuple[int, str, str]:
        words = " ".join(command)
        self.asked.append(words)
        self.fed.append(data)
        return next((it for key, it in self.answers.items() if words.startswith(key)), (0, "", ""))

    def run(self, *command: str, data: str | None = None) -> str:
        code, out, error = self.call(*command, data=data)
        if code:
            raise Failure(error, code="command_failed")
        return out

    def begin(self, connection: str | None, **details: t.Any) -> str:
        self.asked.append(f"begin {connection} {details['text']}")
        return "trial"

    def arm(self, timeout_s: int) -> None:
        self.asked.append(f"arm {timeout_s}")

    def settle(self) -> None:
        self.asked.append("settle")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(_host, "FILE", tmp_path / "etc" / "firewall.nft")
    monkeypatch.setattr(_host, "SNAPSHOT", tmp_path / "snapshot.nft")
    files = {tmp_path / "unit" / "our.service": "[Unit]\n", tmp_path / "drop" / "in.conf": "[A]\n"}
    monkeypatch.setattr(_host, "FILES", files)
    return Host()


@pytest.mark.parametrize(
    ("tables", "is_there"),
    [
        ([], False),
        ([{"family": FAMILY, "name": "other"}], False),
        ([{"family": "ip6", "name": NAME}], False),
        ([{"family": "ip", "name": "x"}, {"family": FAMILY, "name": NAME}], True),
    ],
)
def test_our_table_is_read_where_it_is_listed(
    host: Host, tables: list[dict[str, str]], *, is_there: bool
) -> None:
    listed = [{"metainfo": {}}, *({"table": table} for table in tables)]
    host.answers = {
        "nft -j list tables": (0, json.dumps({"nftables": listed}), ""),
        "nft -s list table": (0, "rules", ""),
    }

    assert host.read_table() == ("rules" if is_there else "")
    assert (f"nft -s list table {TABLE}" in host.asked) is is_there


def test_rules_are_normalised_in_a_network_of_their_own(host: Host) -> None:
    host.answers = {"unshare": (0, "normal", "")}

    assert host.normalise(RULES) == "normal"
    assert [words.split()[0] for words in host.asked] == ["nft", "unshare"]
    assert host.fed == [RULES, RULES]


@pytest.mark.parametrize("refusing", ["nft", "unshare"])
def test_rules_that_nft_does_not_take_are_refused(host: Host, refusing: str) -> None:
    host.answers = {refusing: (1, "", "syntax error\n")}

    with pytest.raises(Failure, match=r"nothing was changed: .*: syntax error") as refusal:
        host.normalise(RULES)
    assert refusal.value.code == "refused"


def test_a_trial_begins_before_its_timer_and_its_timer_before_the_rules(host: Host) -> None:
    assert host.try_out(RULES, "running", 60, "from here") == "trial"

    assert host.asked == ["nft -c -f -", f"begin from here {RULES}", "arm 60", "nft -f -"]
    assert host.fed == [f"{REPLACING}running", RULES]
    assert _host.SNAPSHOT.read_text() == f"{REPLACING}running"


def test_rules_that_do_not_load_end_the_trial(host: Host) -> None:
    host.answers = {"nft -f": (1, "", "busy")}

    with pytest.raises(Failure, match="busy"):
        host.try_out(RULES, "running", 60, None)

    assert host.asked[-1] == "settle"


@pytest.mark.parametrize(
    ("normal", "snapshot"),
    [((0, "running", ""), "saved"), ((0, "x", ""), None), ((1, "", "no"), None)],
)
def test_the_snapshot_is_what_was_saved_if_that_is_what_runs(
    host: Host, normal: tuple[int, str, str], snapshot: str | None
) -> None:
    host.save("saved")
    host.answers = {"unshare": normal}

    host.try_out(RULES, "running", 60, None)

    assert _host.SNAPSHOT.read_text() == (snapshot or f"{REPLACING}running")


@pytest.mark.parametrize("snapshot", ["kept", None])
def test_going_back_loads_the_snapshot_and_ends_the_trial(host: Host, snapshot: str | None) -> None:
    if snapshot:
        _host.files.replace(_host.SNAPSHOT, snapshot)

    host.roll_back()

    assert host.asked == [*(["nft -f -"] if snapshot else []), "settle"]
    assert host.fed == ([snapshot] if snapshot else [])


UNIT_IS_ON = (0, "UnitFileState=enabled\nActiveState=active\n", "")


@pytest.mark.parametrize(
    ("answer", "is_on"),
    [
        (UNIT_IS_ON, True),
        ((0, "UnitFileState=disabled\nActiveState=active\n", ""), False),
        ((0, "UnitFileState=enabled\nActiveState=failed\n", ""), False),
    ],
)
def test_the_unit_is_there_when_it_is_enabled_and_active(
    host: Host, answer: tuple[int, str, str], *, is_on: bool
) -> None:
    host.answers = {"systemctl show": answer}
    assert not host.has_unit(), "its files are missing"
    assert host.asked == []

    host.install_unit()

    assert host.asked == [
        "systemctl daemon-reload",
        f"systemctl enable --quiet --now {_host.UNIT}",
    ]
    assert {path.stat().st_mode & 0o777 for path in _host.FILES} == {0o644}
    assert host.has_unit() is is_on


def test_a_changed_file_of_the_unit_is_none_of_ours(host: Host) -> None:
    host.answers = {"systemctl show": UNIT_IS_ON}
    host.install_unit()
    next(iter(_host.FILES)).write_text("changed")

    assert not host.has_unit()


@pytest.mark.parametrize("has_unit", [True, False])
def test_what_is_removed_leaves_nothing(host: Host, *, has_unit: bool) -> None:
    host.install_unit()
    host.save("saved")
    host.asked.clear()
    host.answers = {"systemctl cat": (0 if has_unit else 1, "", "")}

    host.uninstall()

    disable = [f"systemctl disable --quiet --now {_host.UNIT}"] if has_unit else []
    assert host.asked == [
        f"systemctl cat {_host.UNIT}",
        *disable,
        "systemctl daemon-reload",
        "nft -f -",
    ]
    assert host.fed[-1] == REPLACING
    assert not any(path.exists() for path in (*_host.FILES, _host.FILE))
    assert host.read_saved() is None


@pytest.mark.parametrize(
    ("address", "interface"), [("192.0.2.1", "eth0"), ("10.8.0.1", "wg0"), ("192.0.2.2", "")]
)
def test_an_address_names_its_interface(host: Host, address: str, interface: str) -> None:
    links = [
        {"ifname": "lo"},
        {"ifname": "eth0", "addr_info": [{"local": "192.0.2.1"}]},
        {"ifname": "wg0", "addr_info": [{}, {"local": "10.8.0.1"}]},
    ]
    host.answers = {"ip -j address show": (0, json.dumps(links), "")}

    assert host.interface_of(address) == interface
