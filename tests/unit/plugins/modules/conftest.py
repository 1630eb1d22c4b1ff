# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with a firewall, as the modules of the firewall see it, kept in memory."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import (
    replace_zones,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.secret_files import (
    InsecureFile,
)
from ansible_collections.quartermaster.fleet.plugins.modules import (
    firewall_members,
    firewall_rules,
)

FLUSH = re.compile(r"flush set \S+ \S+ zone_(\w+)")
ADD = re.compile(r"add element \S+ \S+ zone_(\w+) \{ ([^}]*) \}")


class FirewallHost:
    """What `_firewall.host.Host` does, without nftables and systemd."""

    def __init__(self) -> None:
        self.running = ""
        self.saved: str | None = None
        self.pending: dict[str, t.Any] | None = None
        self.unit = False
        self.is_open_to_others = False
        self.connection = "192.0.2.1 50000 192.0.2.10 22"

    def has(self, _tool: str) -> bool:
        return True

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        if self.is_open_to_others:
            raise InsecureFile("/etc/quartermaster can be changed by other users")
        yield

    def normalise(self, text: str) -> str:
        return text

    def read_table(self) -> str:
        return self.running

    def read_saved(self) -> str | None:
        return self.saved

    def read_pending(self) -> dict[str, t.Any] | None:
        return self.pending

    def try_out(self, text: str, _running: str, _timeout_s: int, connection: str | None) -> str:
        self.running = text
        self.pending = {"change": "trial", "connection": connection, "text": text}
        return "trial"

    def apply(self, commands: str) -> None:
        found = dict.fromkeys(FLUSH.findall(commands), "") | dict(ADD.findall(commands))
        zones = {
            zone: tuple(map(ipaddress.ip_address, filter(None, text.split(", "))))
            for zone, text in found.items()
        }
        self.running = replace_zones(self.running, zones)

    def settle(self) -> None:
        self.pending = None

    def save(self, text: str) -> None:
        self.saved = text

    def has_unit(self) -> bool:
        return self.unit

    def install_unit(self) -> None:
        self.unit = True

    def uninstall(self) -> None:
        self.running, self.saved, self.unit = "", None, False

    def interface_of(self, _address: str) -> str:
        return "eth0"


@pytest.fixture
def firewall_host(monkeypatch: pytest.MonkeyPatch) -> FirewallHost:
    """Return a host without a firewall, on which the modules run, reached by SSH."""
    host = FirewallHost()
    for module in (firewall_rules, firewall_members):
        monkeypatch.setattr(module, "Host", lambda _module: host)
    monkeypatch.setattr(firewall_rules, "find_connection", lambda *_: host.connection)
    return host
