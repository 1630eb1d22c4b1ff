# SPDX-License-Identifier: Apache-2.0
"""Networks: a free /24 each, whoever asks, and nothing of others is removed."""

import concurrent.futures
import ipaddress
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.types import IPAMConfig, IPAMPool

from tests.hosts import __main__ as command
from tests.hosts import engine, image, network


@pytest.fixture(scope="module")
def host_engine() -> engine.Engine:
    return engine.ensure()


@pytest.fixture
def name(host_engine: engine.Engine) -> Iterator[str]:
    """Return the beginning of names; networks that begin so are removed afterwards."""
    chosen = f"h1-net-{secrets.token_hex(3)}"
    yield chosen
    for found in network.list_networks(host_engine):
        if found.name.startswith(chosen):
            network.remove(host_engine, found.name)


@pytest.mark.hosts
def test_the_same_name_is_the_same_network(host_engine: engine.Engine, name: str) -> None:
    first = network.ensure(host_engine, name)

    assert network.ensure(host_engine, name) == first
    assert ipaddress.ip_network(first.subnet).prefixlen == 24
    assert first in network.list_networks(host_engine, checkout=network.get_checkout())


@pytest.mark.hosts
@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this kernel has no IPv6")
def test_a_network_may_have_ipv6_besides(host_engine: engine.Engine, name: str) -> None:
    made = network.ensure(host_engine, name, has_ipv6=True)
    with host_engine.client() as client:
        pools = client.networks.get(name).attrs["IPAM"]["Config"]

    assert ipaddress.ip_network(made.subnet).version == 4
    assert [ipaddress.ip_network(pool["Subnet"]).version for pool in pools] == [4, 6]


def test_each_subnet_of_ipv4_has_one_of_ipv6() -> None:
    subnets = list(network.POOL.subnets(new_prefix=network.PREFIX_LENGTH))
    belonging = {network._get_subnet_v6(subnet) for subnet in subnets}

    assert len(belonging) == len(subnets)
    assert all(one.subnet_of(network.POOL_V6) and one.prefixlen == 64 for one in belonging)


@pytest.mark.hosts
def test_many_at_once_get_subnets_of_their_own(host_engine: engine.Engine, name: str) -> None:
    names = [f"{name}-{n % 4}" for n in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda wanted: network.ensure(host_engine, wanted), names))

    assert len({found.subnet for found in made}) == 4
    assert made[:4] == made[4:]


@pytest.mark.hosts
def test_a_subnet_that_is_taken_is_left_out(host_engine: engine.Engine, name: str) -> None:
    first = network.ensure(host_engine, name).subnet
    network.remove(host_engine, name)
    with host_engine.client() as client:
        stranger = client.networks.create(
            f"{name}-stranger", ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=first)])
        )
        try:
            assert network.ensure(host_engine, name).subnet != first
        finally:
            stranger.remove()


@pytest.mark.hosts
def test_a_strangers_network_is_neither_used_nor_removed(
    host_engine: engine.Engine, name: str
) -> None:
    with host_engine.client() as client:
        stranger = client.networks.create(name)
        try:
            with pytest.raises(engine.EngineMissing, match="not ours"):
                network.ensure(host_engine, name)
            with pytest.raises(engine.EngineMissing, match="it stays"):
                network.remove(host_engine, name)
            assert command.main(["down", name]) == 1
            stranger.reload()
        finally:
            stranger.remove()


@pytest.mark.hosts
def test_a_strangers_container_stays_and_its_network_with_it(
    host_engine: engine.Engine, name: str
) -> None:
    network.ensure(host_engine, name)
    with host_engine.client() as client:
        guest = client.containers.run(
            image.ensure(host_engine), "sleep 600", network=name, detach=True
        )
        try:
            with pytest.raises(engine.EngineMissing, match="active endpoints"):
                network.remove(host_engine, name)
            guest.reload()
            assert guest.status == "running"
        finally:
            guest.remove(force=True)


def test_the_kernels_routes_are_read_as_networks(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0000D20A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )

    assert network._list_routes(table) == [ipaddress.ip_network("10.210.0.0/16")]


def test_free_subnets_overlap_nothing_that_is_taken() -> None:
    taken = [ipaddress.IPv4Network("10.208.0.0/13"), ipaddress.IPv4Network("10.216.0.0/14")]
    free = list(network._list_free("demo", taken))

    assert len(free) == 4 * 256
    assert not any(subnet.overlaps(other) for subnet in free for other in taken)
