# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's container is made of, and how it is read back, without an engine."""

from __future__ import annotations

import io
import ipaddress
import tarfile
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.docker import (
    containers,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.provider import Wanted

POOL = {"Subnet": "10.210.5.0/24", "Gateway": "10.210.5.1", "IPRange": "10.210.5.224/27"}
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7v"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ"


def make_attrs(**changed: t.Any) -> dict[str, t.Any]:
    """Return an inspected container of engine 20.10, shortened."""
    labels = containers.get_labels(
        Wanted(name="web-1", owner="us", spec="s-2vcpu-4gb", labels={"rack": "a1"}), "lab"
    )
    endpoint = {"IPAMConfig": {"IPv4Address": "10.210.5.9"}, "IPAddress": ""}
    attrs = {
        "Id": "5f0c",
        "Config": {"Labels": labels, "Image": "quartermaster-host:bookworm-1"},
        "HostConfig": {"CpuPeriod": 100_000, "CpuQuota": 200_000, "Memory": 4096 * 1024**2},
        "NetworkSettings": {"Networks": {"lab": endpoint}},
        "State": {"Running": True, "StartedAt": "2026-11-21T09:00:20Z"},
    }
    return attrs | changed


def pack(**files: str) -> bytes:
    """Return a tar archive of /etc/ssh with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"ssh/{name.replace('__', '.')}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_a_container_reads_as_the_server_that_was_asked_for() -> None:
    server = containers.parse_server(make_attrs(), [ED25519])

    assert (server.name, server.owner, server.spec) == ("web-1", "us", "s-2vcpu-4gb")
    assert (server.status, server.internal_ip) == ("running", "10.210.5.9")
    assert server.labels == {"rack": "a1"}
    assert server.ssh_host_keys == (ED25519,)


def test_after_a_resize_the_limits_are_told_and_not_the_label() -> None:
    limits = {"CpuPeriod": 100_000, "CpuQuota": 100_000, "Memory": 512 * 1024**2}

    assert containers.parse_server(make_attrs(HostConfig=limits)).spec == "s-1vcpu-512mb"


def test_a_container_without_limits_is_read_as_well() -> None:
    limits = {"CpuPeriod": 0, "CpuQuota": 0, "Memory": 0}

    assert containers.parse_server(make_attrs(HostConfig=limits)).spec == "s-0vcpu-0gb"


@pytest.mark.parametrize(
    ("state", "keys", "status"),
    [
        ({"Running": True, "StartedAt": "2026-11-21T09:00:20Z"}, [ED25519], "running"),
        ({"Running": False, "StartedAt": "2026-11-21T09:00:20Z"}, [ED25519], "stopped"),
        ({"Running": True, "StartedAt": "2026-11-21T09:00:20Z"}, [], "creating"),
        ({"Running": False, "StartedAt": "0001-01-01T00:00:00Z"}, [], "creating"),
    ],
)
def test_a_server_without_host_keys_is_not_finished(
    state: dict[str, t.Any], keys: list[str], status: str
) -> None:
    assert containers.parse_server(make_attrs(State=state), keys).status == status


def test_labels_of_the_image_are_not_the_servers() -> None:
    attrs = make_attrs()
    attrs["Config"]["Labels"]["maintainer"] = "somebody"

    assert containers.parse_server(attrs, [ED25519]).labels == {"rack": "a1"}


def test_labels_of_the_user_never_replace_ownership() -> None:
    forged = {containers.OWNER_LABEL: "them", "rack": "a1"}
    labels = containers.get_labels(Wanted(name="a", owner="us", labels=forged), "lab")

    assert labels[containers.OWNER_LABEL] == "us"


def test_more_processors_than_the_machine_has_are_a_quota() -> None:
    limits = containers.get_limits("s-64vcpu-1gb")

    assert limits["cpu_quota"] == 64 * limits["cpu_period"]
    assert limits["mem_limit"] == limits["memswap_limit"] == 1024**3


def test_a_name_gets_its_old_address_again() -> None:
    first = containers.pick_address("web-1", POOL, {"10.210.5.77"}, again=False)

    assert first == containers.pick_address("web-1", POOL, set(), again=False)


def test_addresses_leave_out_gateway_broadcast_taken_and_what_the_engine_hands_out() -> None:
    taken: set[str] = set()
    while len(taken) < 222:
        taken.add(containers.pick_address("web-1", POOL, taken, again=len(taken) % 2 == 0))

    expected = {f"10.210.5.{last}" for last in range(2, 224)}
    assert taken == expected


def test_a_full_network_is_said() -> None:
    pool = {"Subnet": "10.0.0.0/30", "Gateway": "10.0.0.1"}
    with pytest.raises(Failure, match=r"no free address in 10\.0\.0\.0/30 for b") as refusal:
        containers.pick_address("b", pool, {"10.0.0.2"}, again=False)
    assert refusal.value.code == "network_full"


def test_a_range_that_is_the_whole_subnet_excludes_nothing() -> None:
    pool = {"Subnet": "10.0.0.0/29", "IPRange": "10.0.0.0/29"}

    address = containers.pick_address("b", pool, set(), again=False)

    assert ipaddress.ip_address(address) in ipaddress.ip_network("10.0.0.0/29")


def test_two_who_met_do_not_follow_the_same_path() -> None:
    chosen = {containers.pick_address("web-1", POOL, set(), again=True) for __ in range(40)}

    assert len(chosen) > 1


def test_host_keys_are_read_without_comments() -> None:
    archive = pack(
        ssh_host_ed25519_key__pub=f"{ED25519} root@web-1\n",
        ssh_host_rsa_key__pub=f"{RSA} root@web-1\n",
        ssh_host_rsa_key="PRIVATE",
        sshd_config="x",
    )

    assert containers.unpack_host_keys(archive) == [ED25519, RSA]


def test_no_host_key_counts_before_the_last_one_is_made() -> None:
    assert containers.unpack_host_keys(pack(ssh_host_rsa_key__pub=f"{RSA} root@web-1\n")) == []


def test_authorized_keys_are_for_root_alone() -> None:
    with tarfile.open(fileobj=io.BytesIO(containers.pack_authorized_keys([f"{RSA}\n"]))) as archive:
        folder, file = archive.getmembers()
        content = archive.extractfile(file)

    assert (folder.name, folder.mode, folder.uid) == (".ssh", 0o700, 0)
    assert (file.name, file.mode, file.uid) == (".ssh/authorized_keys", 0o600, 0)
    assert content is not None
