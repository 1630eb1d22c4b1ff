# SPDX-License-Identifier: GPL-3.0-or-later
"""Three real hosts in a mesh, and the modules run on them."""

from __future__ import annotations

import secrets
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import docker
import pytest

from tests.e2e import modules_on_hosts
from tests.hosts import commands, engine, image, network, server

NAMES = ("a", "b", "c")

Options = dict[str, t.Any]


@dataclass
class Host:
    """A host, and what was said on the way about its keys."""

    name: str
    number: int
    container: t.Any
    said: list[str] = field(default_factory=list)
    public_key: str = ""

    @property
    def internal_ip(self) -> str:
        self.container.reload()
        networks = self.container.attrs["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    @property
    def mesh_ip(self) -> str:
        return f"10.99.0.{self.number}"

    def sh(self, script: str, *, check: bool = True) -> str:
        """Return what a shell on the host prints."""
        result = commands.run_script(self.container, script)
        assert not check or result.code == 0, f"{script}: {result.output}"
        return result.output

    def run(
        self,
        module: str = "wireguard_interface",
        *,
        die: str = "",
        check: bool = False,
        came_by: str = "",
        **options: t.Any,
    ) -> Options:
        """Return a module's result on this host; empty if it was killed."""
        how = {"check": check, "came_by": came_by}
        result, words = modules_on_hosts.run(self.container, module, options, die=die, **how)
        self.said += words
        return result

    def state(self) -> str:
        """Return all that a module may change on this host."""
        return self.sh(
            "exec 2>&1; wg show all dump | cut -f 1-5,9 | sort;"
            " ip -br address; ip route;"
            " ip link show wg0 | head -1;"
            " sha256sum /etc/wireguard/*; ls -la --time-style=full-iso /etc/wireguard;"
            " systemctl is-enabled wg-quick@wg0",
            check=False,
        )

    def reaches(self, other: Host) -> bool:
        """Return whether another host answers through the mesh within some seconds."""
        ping = ["ping", "-n", "-q", "-c1", "-w10", other.mesh_ip]
        return commands.run(self.container, ping).code == 0


@dataclass(frozen=True)
class Mesh:
    """The hosts, and what the module is told about each."""

    hosts: dict[str, Host]

    def __getitem__(self, name: str) -> Host:
        """Return a host by its name."""
        return self.hosts[name]

    def options(self, name: str, /, **changes: t.Any) -> Options:
        """Return the options by which a host is in the mesh with all others."""
        return {
            "name": "wg0",
            "address": [f"{self[name].mesh_ip}/24"],
            "listen_port": 51820,
            "mtu": 1420,
            "peers": [self.peer(other) for other in self.hosts if other != name],
            **changes,
        }

    def peer(self, name: str, /, **changes: t.Any) -> Options:
        """Return a host as a peer of others."""
        host = self[name]
        return {
            "name": name,
            "public_key": host.public_key,
            "endpoint": f"{host.internal_ip}:51820",
            "allowed_ips": [f"{host.mesh_ip}/32"],
            "persistent_keepalive": 25,
            **changes,
        }


@pytest.fixture(scope="session")
def hosts() -> Iterator[dict[str, Host]]:
    """Return three hosts with WireGuard installed; they are removed at the end."""
    host_engine = engine.ensure()
    host_image = image.ensure_equipped(host_engine)
    name = f"h2-test-{secrets.token_hex(3)}"
    network.ensure(host_engine, name)
    try:
        with host_engine.client() as client, ThreadPoolExecutor(len(NAMES)) as pool:
            made = pool.map(
                lambda pair: _make(client, host_engine, host_image, name, *pair),
                enumerate(NAMES, start=1),
            )
            yield {host.name: host for host in made}
    finally:
        network.remove(host_engine, name)


def _make(
    client: docker.DockerClient,
    host_engine: engine.Engine,
    host_image: str,
    net: str,
    number: int,
    name: str,
) -> Host:
    server.make(host_engine, name=name, image=host_image, network=net)
    host = Host(name, number, client.containers.get(f"{net}.{name}"))
    host.sh("systemctl is-system-running --wait")
    modules_on_hosts.install(host.container)
    return host


@pytest.fixture(scope="session")
def whole_mesh(hosts: dict[str, Host]) -> Mesh:
    """Return the mesh with all hosts in it."""
    for host in hosts.values():
        host.public_key = host.run("wireguard_key", path="/etc/wireguard/wg0.key")["public_key"]
    mesh = Mesh(hosts)
    for name, host in hosts.items():
        assert "failed" not in host.run(**mesh.options(name))
    return mesh


@pytest.fixture
def mesh(whole_mesh: Mesh) -> Iterator[Mesh]:
    """Return the mesh with the host `a` in good order; afterwards no private key may be told."""
    host = whole_mesh["a"]
    result = host.run(**whole_mesh.options("a"))
    assert "failed" not in result, result
    yield whole_mesh
    private_key = host.sh("cat /etc/wireguard/wg0.key").strip()
    assert private_key not in "".join(host.said)
    assert "PrivateKey" not in "".join(host.said)
    host.said.clear()
