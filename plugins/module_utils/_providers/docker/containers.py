# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as a container: what it is made of, and how it is read back; no engine is called here."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import secrets
import tarfile
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

from ..provider import Server, Wanted
from ..sizes import MIB, Size, parse_spec

OWNER_LABEL = "quartermaster.owner"
NAME_LABEL = "quartermaster.name"
SPEC_LABEL = "quartermaster.spec"
NETWORK_LABEL = "quartermaster.network"
REGION_LABEL = "quartermaster.region"
# Holds the names of the requested labels, since the image adds labels of its own.
LABELS_LABEL = "quartermaster.labels"

CPU_PERIOD_US = 100_000
NEVER = "0001-01-01"
# What systemd as PID 1 needs, and not --privileged, which asks for capabilities that a machine may
# lack and opens its devices.
CAPABILITIES = [
    "SYS_ADMIN",
    "NET_ADMIN",
    "NET_RAW",
    "SYS_PTRACE",
    "DAC_READ_SEARCH",
    "SYS_BOOT",
    "IPC_LOCK",
    "SYS_NICE",
    "SYSLOG",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "MKNOD",
    "SYS_CHROOT",
]


def get_container_name(network: str, name: str) -> str:
    """Return the container's name: the same server name may be used on several networks."""
    return f"{network}.{name}"


def get_limits(spec: str) -> dict[str, int]:
    """Return the engine's words for a size, the same for creation and for an update.

    A quota may exceed the machine's processors, which the engine's --cpus refuses.
    """
    size = parse_spec(spec)
    memory = size.memory_mib * MIB
    return {
        "cpu_period": CPU_PERIOD_US,
        "cpu_quota": int(size.cpus * CPU_PERIOD_US),
        "mem_limit": memory,
        "memswap_limit": memory,
    }


def get_labels(wanted: Wanted, network: str) -> dict[str, str]:
    """Return all labels of a new container: ownership is there from its first moment."""
    labels = {
        **(wanted.labels or {}),
        OWNER_LABEL: wanted.owner,
        NAME_LABEL: wanted.name,
        NETWORK_LABEL: network,
        SPEC_LABEL: wanted.spec or "",
        LABELS_LABEL: " ".join(sorted(wanted.labels or {})),
    }
    return {**labels, REGION_LABEL: wanted.region} if wanted.region else labels


def get_host_settings() -> dict[str, t.Any]:
    """Return the settings that make a container a host; each was tried, see tests/hosts."""
    return {
        "cgroupns": "private",
        "tmpfs": {"/run": "", "/run/lock": "", "/tmp": "exec,mode=1777"},  # noqa: S108 - the host's own
        "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        "devices": ["/dev/net/tun"],
        "cap_add": CAPABILITIES,
        # A reboot from inside ends PID 1; the engine then starts it again, as a cloud does.
        "restart_policy": {"Name": "unless-stopped"},
    }


def parse_server(attrs: dict[str, t.Any], ssh_host_keys: t.Iterable[str] = ()) -> Server:
    """Return the server that an inspected container is."""
    labels = attrs["Config"]["Labels"] or {}
    host = attrs["HostConfig"]
    size = Size(
        cpus=host["CpuQuota"] / (host["CpuPeriod"] or CPU_PERIOD_US),
        memory_mib=host["Memory"] // MIB,
    )
    keys = tuple(sorted(ssh_host_keys))
    return Server(
        name=labels.get(NAME_LABEL, ""),
        provider="docker",
        provider_id=attrs["Id"],
        status=_get_status(attrs, has_keys=bool(keys)),
        internal_ip=get_address(
            attrs["NetworkSettings"]["Networks"], labels.get(NETWORK_LABEL, "")
        ),
        external_ip=None,
        spec=_get_spec(labels.get(SPEC_LABEL, ""), size),
        image=attrs["Config"]["Image"],
        region=labels.get(REGION_LABEL),
        owner=labels.get(OWNER_LABEL, ""),
        labels={key: labels.get(key, "") for key in labels.get(LABELS_LABEL, "").split()},
        ssh_host_keys=keys,
    )


def was_never_started(attrs: dict[str, t.Any]) -> bool:
    """Return whether an inspected container was made and no more: nothing is in it yet."""
    return attrs["State"]["StartedAt"].startswith(NEVER)


def get_address(networks: dict[str, t.Any], network: str) -> str | None:
    """Return the fixed address on a network, also while the container does not run."""
    endpoint = networks.get(network) or {}
    return (
        (endpoint.get("IPAMConfig") or {}).get("IPv4Address") or endpoint.get("IPAddress") or None
    )


def pick_address(
    name: str, pool: dict[str, t.Any], taken: t.Collection[str], *, again: bool
) -> str:
    """Return a free address of a network's pool, outside what the engine hands out by itself.

    The first choice depends on the name, so that a server made anew gets its old address; `again`
    chooses at random, so that two who met at one address part.

    :raises Failure: with code `network_full`.
    """
    subnet = ipaddress.IPv4Network(pool["Subnet"], strict=False)
    dynamic = ipaddress.IPv4Network(pool.get("IPRange") or f"{subnet[0]}/32", strict=False)
    if dynamic.prefixlen <= subnet.prefixlen:
        dynamic = ipaddress.IPv4Network(f"{subnet[0]}/32")
    gateway = pool.get("Gateway") or str(subnet[1])
    free = [
        str(address)
        for address in subnet.hosts()
        if address not in dynamic and str(address) != gateway and str(address) not in taken
    ]
    if not free:
        raise Failure(
            f"no free address in {subnet} for {name}: remove servers or use a larger network",
            code="network_full",
        )
    if again:
        return secrets.choice(free)
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % subnet.num_addresses
    candidates = sorted(
        free,
        key=lambda a: (
            (int(ipaddress.IPv4Address(a)) - int(subnet[0]) - start) % subnet.num_addresses
        ),
    )
    return candidates[0]


def pack_authorized_keys(keys: t.Iterable[str]) -> bytes:
    """Return a tar archive with .ssh/authorized_keys, to be put into root's home."""
    content = "".join(f"{key.strip()}\n" for key in keys).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo(".ssh")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        archive.addfile(folder)
        file = tarfile.TarInfo(".ssh/authorized_keys")
        file.size, file.mode = len(content), 0o600
        archive.addfile(file, io.BytesIO(content))
    return buffer.getvalue()


def unpack_host_keys(archive: bytes) -> list[str]:
    """Return the public host keys in a tar archive of /etc/ssh, without their comments.

    Nothing is returned before the Ed25519 key is there, which is made last.
    """
    keys = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as folder:
        for member in folder:
            if member.isfile() and member.name.endswith("_key.pub"):
                file = folder.extractfile(member)
                keys.append(" ".join(file.read().decode().split()[:2]) if file else "")
    complete = any(key.startswith("ssh-ed25519 ") for key in keys)
    return sorted(key for key in keys if key) if complete else []


def _get_status(attrs: dict[str, t.Any], *, has_keys: bool) -> str:
    """Return one of the provider's statuses."""
    if not has_keys:
        return "creating"
    return "running" if attrs["State"]["Running"] else "stopped"


def _get_spec(label: str, size: Size) -> str:
    """Return the spec in force: a label stays as it was at creation, even after a resize."""
    try:
        return label if parse_spec(label) == size else size.spec
    except Failure:
        return size.spec
