# SPDX-License-Identifier: Apache-2.0
"""Networks of hosts: one labelled bridge with a free /24 each, removed together with its hosts."""

import hashlib
import ipaddress
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network as DockerNetwork
from docker.types import IPAMConfig, IPAMPool

from tests.hosts import engine

NAME_LABEL = "quartermaster.network"
OWNER_LABEL = "quartermaster.owner"
CHECKOUT_LABEL = "quartermaster.checkout"
# Engines take 172.16/12 and 192.168/16 by themselves, and clouds the low ends of 10/8.
POOL = ipaddress.IPv4Network("10.208.0.0/12")
PREFIX_LENGTH = 24
# Of our own, by RFC 4193; each IPv4 subnet has the /64 of its number in it.
POOL_V6 = ipaddress.IPv6Network("fdb7:5f3c:9d20::/48")
# Addresses that the engine hands out by itself; the module `server` picks below them.
DYNAMIC_PREFIX_LENGTH = 27
MAX_TRIES = 50


@dataclass(frozen=True)
class Network:
    """A network that `ensure` made, for hosts to be made on."""

    name: str
    subnet: str
    checkout: str


def ensure(host_engine: engine.Engine, name: str, *, has_ipv6: bool = False) -> Network:
    """Return the network of this name, making it on a free /24 if it is missing.

    With `has_ipv6`, the engine gives each host of a new network an address of IPv6 as well.

    :raises EngineMissing: when the name belongs to a network that is not ours, or no /24 is free.
    """
    with host_engine.client() as client, engine.lock("network"):
        found = _find(client, name)
        if found is None:
            return _create(client, name, has_ipv6=has_ipv6)
    if NAME_LABEL not in _labels(found):
        raise engine.EngineMissing(
            f"the engine has a network {name} without the label {NAME_LABEL}, so it is not ours: "
            "choose another name"
        )
    return _parse(found)


def list_networks(host_engine: engine.Engine, *, checkout: str | None = None) -> list[Network]:
    """Return our networks by name: all, or those that one checkout made."""
    label = f"{CHECKOUT_LABEL}={checkout}" if checkout else NAME_LABEL
    with host_engine.client() as client:
        networks = client.networks.list(filters={"label": label})
    return sorted((_parse(found) for found in networks), key=lambda network: network.name)


def list_hosts(host_engine: engine.Engine, name: str) -> list[str]:
    """Return the names of our containers on a network, also of those that do not run."""
    with host_engine.client() as client:
        return sorted(str(container.name) for container in _list_containers(client, name))


def remove(host_engine: engine.Engine, name: str) -> list[str]:
    """Remove a network with our hosts on it; returns the names of the containers removed.

    What does not carry our labels stays, and the network with it.

    :raises EngineMissing: when the network is not ours, or somebody else's container is on it.
    """
    removed = []
    with host_engine.client() as client, engine.lock("network"):
        found = _find(client, name)
        if found is not None and NAME_LABEL not in _labels(found):
            raise engine.EngineMissing(
                f"the network {name} lacks the label {NAME_LABEL}, so it is not ours: it stays"
            )
        for container in _list_containers(client, name):
            # Somebody else may remove it at the same time.
            _ignore_missing(partial(container.remove, force=True, v=True))
            removed.append(str(container.name))
        if found is not None:
            try:
                _ignore_missing(found.remove)
            except APIError as error:
                raise engine.EngineMissing(
                    f"the network {name} stays: {error.explanation or error}"
                ) from error
    return sorted(removed)


def get_checkout() -> str:
    """Return the mark of this checkout: networks of two clones on one machine differ by it."""
    root = Path(__file__).resolve().parents[2]
    return hashlib.sha256(str(root).encode()).hexdigest()[:12]


def _create(client: docker.DockerClient, name: str, *, has_ipv6: bool) -> Network:
    """Make the network on the first free /24; the caller holds the lock.

    Other programs make networks without our lock, so a subnet taken meanwhile means: the next one.
    """
    taken = [*_list_routes(), *_list_subnets(client)]
    for subnet in list(_list_free(name, taken))[:MAX_TRIES]:
        gateway = subnet[1]
        dynamic = list(subnet.subnets(new_prefix=DYNAMIC_PREFIX_LENGTH))[-1]
        pools = [IPAMPool(subnet=str(subnet), gateway=str(gateway), iprange=str(dynamic))]
        if has_ipv6:
            pools.append(IPAMPool(subnet=str(_get_subnet_v6(subnet))))
        try:
            client.networks.create(
                name,
                driver="bridge",
                check_duplicate=True,
                ipam=IPAMConfig(pool_configs=pools),
                enable_ipv6=has_ipv6,
                labels={
                    NAME_LABEL: name,
                    OWNER_LABEL: "tests.hosts",
                    CHECKOUT_LABEL: get_checkout(),
                },
            )
        except APIError as error:
            if "overlaps" not in str(error):
                raise engine.EngineMissing(f"cannot make the network {name}: {error}") from error
        else:
            return Network(name=name, subnet=str(subnet), checkout=get_checkout())
    raise engine.EngineMissing(f"no free /{PREFIX_LENGTH} in {POOL}: remove networks first")


def _list_free(
    name: str, taken: Iterable[ipaddress.IPv4Network]
) -> Iterator[ipaddress.IPv4Network]:
    """Yield free subnets from a place that depends on the name, so that reruns get the same."""
    subnets: list[ipaddress.IPv4Network] = list(POOL.subnets(new_prefix=PREFIX_LENGTH))
    start = zlib.crc32(name.encode()) % len(subnets)
    used = list(taken)
    for subnet in subnets[start:] + subnets[:start]:
        if not any(subnet.overlaps(other) for other in used):
            yield subnet


def _get_subnet_v6(subnet: ipaddress.IPv4Network) -> ipaddress.IPv6Network:
    """Return the /64 that belongs to one of our IPv4 subnets, and to no other."""
    place = int(subnet.network_address) - int(POOL.network_address) >> 32 - PREFIX_LENGTH
    return ipaddress.IPv6Network((int(POOL_V6.network_address) + (place << 64), 64))


def _list_routes(table: Path = Path("/proc/net/route")) -> list[ipaddress.IPv4Network]:
    """Return the networks that this machine has routes to, the default route left out.

    The kernel prints address and mask as hexadecimal in host byte order (proc(5), /proc/net/route).
    """
    if not table.exists():
        return []
    routes = []
    for line in table.read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[i]), "little") for i in (1, 7))
        if mask:
            prefix_length = mask.bit_count()
            routes.append(ipaddress.IPv4Network((address & mask, prefix_length)))
    return routes


def _list_subnets(client: docker.DockerClient) -> list[ipaddress.IPv4Network]:
    """Return the IPv4 subnets of all the engine's networks."""
    pools = [
        pool
        for network in client.networks.list()
        for pool in network.attrs["IPAM"]["Config"] or []
        if "Subnet" in pool
    ]
    subnets = [ipaddress.ip_network(pool["Subnet"], strict=False) for pool in pools]
    return [subnet for subnet in subnets if isinstance(subnet, ipaddress.IPv4Network)]


def _find(client: docker.DockerClient, name: str) -> DockerNetwork | None:
    """Return the engine's network of exactly this name."""
    # The engine's own filter matches parts of names too.
    matches = [found for found in client.networks.list(names=[name]) if found.name == name]
    return matches[0] if matches else None


def _list_containers(client: docker.DockerClient, name: str) -> list[Container]:
    """Return our containers of a network: those that carry both of our labels."""
    filters: dict[str, str | list[str] | bool] = {"label": [f"{NAME_LABEL}={name}", OWNER_LABEL]}
    return client.containers.list(all=True, filters=filters, ignore_removed=True)


def _parse(found: DockerNetwork) -> Network:
    """Return the network as a value."""
    return Network(
        name=str(found.name),
        subnet=str(found.attrs["IPAM"]["Config"][0]["Subnet"]),
        checkout=_labels(found).get(CHECKOUT_LABEL, ""),
    )


def _labels(found: DockerNetwork) -> dict[str, str]:
    """Return a network's labels; the engine leaves the key out, or null, where there are none."""
    return found.attrs.get("Labels") or {}


def _ignore_missing(act: Callable[[], object]) -> None:
    """Do something to what may be gone already."""
    try:
        act()
    except NotFound:
        return
    except APIError as error:
        if "already in progress" not in str(error):
            raise
