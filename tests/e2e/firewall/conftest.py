# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts that are reached by SSH, over IPv4 and IPv6, and the role run on them."""

from __future__ import annotations

import subprocess
import time
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import modules_on_hosts, role_on_hosts
from tests.hosts import commands

TRIES = 5
#: Prints our table; nothing where there is none, and fails where it cannot be read.
LIST_TABLE = """
if table=$(nft -s list table inet quartermaster 2>&1); then printf '%s\\n' "$table"
else case $table in *"No such file"*) ;; *) printf '%s\\n' "$table"; exit 1 ;; esac
fi
"""
#: What the role keeps: our table, the file and the units by which a boot loads it.
LIST_ORDER = """
nft -s list table inet quartermaster && cat /etc/quartermaster/firewall.nft &&
find /etc/systemd/system -name '*quartermaster-firewall*' -o -path '*nftables.service.d*' | sort &&
systemctl is-enabled quartermaster-firewall
"""
NAMES = ("one", "two")
PLAY = role_on_hosts.PLAY.format(role="firewall", entry_point="main")
HAS_IPV6 = Path("/proc/net/if_inet6").exists()
PENDING = "/run/quartermaster-firewall/pending.json"


@dataclass(frozen=True)
class Host:
    """A host, and the role that is run on it."""

    name: str
    container: t.Any
    network: t.Any
    address: str
    folder: Path

    @property
    def address_v6(self) -> str:
        """Return the address that the engine gave, which a restart may change."""
        self.container.reload()
        networks = self.container.attrs["NetworkSettings"]["Networks"]
        return str(networks[self.network.name]["GlobalIPv6Address"])

    def sh(self, script: str, *, check: bool = True) -> str:
        """Return what a shell on the host prints."""
        result = commands.run_script(self.container, script)
        assert not check or result.code == 0, f"{script}: {result.output}"
        return result.output

    def table(self) -> str:
        """Return our table, empty if there is none.

        A list that the kernel interrupts, since rules change meanwhile, is no table that is gone.
        """
        for _ in range(TRIES - 1):
            result = commands.run_script(self.container, LIST_TABLE)
            if result.code == 0:
                return result.output
        return self.sh(LIST_TABLE)

    def node(self, **changes: t.Any) -> dict[str, t.Any]:
        """Return the host as the service would tell it."""
        node = {"node_id": self.name, "node_type": "web", "cluster_id": "main"}
        return {**node, "internal_ip": self.address, **changes}

    def start(
        self, *others: Host, is_v6: bool = False, words: t.Sequence[str] = (), **variables: t.Any
    ) -> subprocess.Popen[str]:
        """Start the role in a session of its own; `words` are more of the command."""
        hosts = (self, *others)
        known = {
            **role_on_hosts.connection(self.folder),
            "ansible_ssh_timeout": 10,
            "firewall_nodes": [host.node() for host in hosts],
            "firewall_confirm_timeout_s": 60,
            **variables,
        }
        addresses = {
            host.name: {"ansible_host": host.address_v6 if is_v6 else host.address}
            for host in hosts
        }
        return role_on_hosts.start(self.folder, PLAY, {"vars": known, "hosts": addresses}, words)

    def run(self, *others: Host, **variables: t.Any) -> tuple[int, str]:
        """Run the role; return exit status and output."""
        return role_on_hosts.finish(self.start(*others, **variables), timeout_s=120)

    def ask(self, module: str = "firewall_rules", *, die: str = "", **options: t.Any) -> t.Any:
        """Return what a module alone says on the host, without SSH; empty if it was killed."""
        return modules_on_hosts.run(self.container, module, options, die=die)[0]

    def keep(self, **options: t.Any) -> t.Any:
        """Return what the module `firewall_rules` says, its trial confirmed."""
        result = self.ask(**options)
        assert "failed" not in result, result["msg"]
        if change := (result.get("firewall") or {}).get("change"):
            assert "failed" not in self.ask(state="confirmed", change=change)
        return result

    def answers(self, address: str, *ports: int) -> list[str]:
        """Return how an address answers to this host on each port."""
        targets = [{"address": address, "port": port} for port in ports]
        told = self.ask("firewall_probe", targets=targets, timeout=1)
        return [probe["answer"] for probe in told["probes"]]

    def is_pending(self) -> bool:
        """Return whether a trial waits for its confirmation."""
        return self.sh(f"test -e {PENDING} && echo yes", check=False).strip() == "yes"


def lock_out(ssh_source: str = "192.0.2.1", *, confirm_timeout_s: int = 6) -> dict[str, t.Any]:
    """Return variables that keep us out; what must fail has no more time than it needs."""
    return {
        "firewall_ssh_sources": [ssh_source],
        "firewall_check_controller": False,
        "firewall_confirm_timeout_s": confirm_timeout_s,
        "ansible_ssh_timeout": 3,
    }


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    """Look until something is so; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Host]]:
    """Return hosts that let SSH in by key; they are removed at the end."""
    folder = tmp_path_factory.mktemp("firewall", numbered=False)
    with role_on_hosts.making(folder, NAMES, has_ipv6=HAS_IPV6) as made:
        hosts = zip(NAMES, made, strict=True)
        yield {name: Host(name, *one, folder) for name, one in hosts}


@pytest.fixture(scope="session")
def host(hosts: dict[str, Host]) -> Host:
    """Return the host that the firewall is tried on."""
    return hosts["one"]


@pytest.fixture(scope="session")
def stranger(hosts: dict[str, Host]) -> Host:
    """Return a host that comes from outside."""
    return hosts["two"]


@pytest.fixture(scope="session")
def good_order(host: Host) -> str:
    """Return what the host's firewall is when the role has run, and what a boot would load."""
    code, output = host.run()
    assert code == 0, output
    return host.sh(LIST_ORDER)


@pytest.fixture
def guarded(host: Host, good_order: str) -> Host:
    """Return the host with its firewall in good order; most tests leave it so."""
    if host.is_pending() or host.sh(LIST_ORDER, check=False) != good_order:
        code, output = host.run()
        assert code == 0, output
    assert not host.is_pending()
    assert host.sh(LIST_ORDER) == good_order
    return host
