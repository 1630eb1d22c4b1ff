# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has already that an interface must not replace: another one, and the way in."""

from __future__ import annotations

import ipaddress
import typing as t
from pathlib import Path

from .._host import secret_files as files
from .._module import Failure
from .conf import HEADER, MAX_BYTES
from .model import is_inside

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from .._host.ssh_connection import Connection
    from .model import Network
    from .runtime import Running


def is_ours(file: Path) -> bool:
    """Return whether the file of an interface was written by this collection.

    :raises Failure: if somebody else has written it.
    """
    text, _faults = files.read(file, MAX_BYTES)
    lines = (text or "").strip("\0 \n").splitlines()
    if not lines:
        return False
    # A file that was cut short within its first line is still one of ours.
    if lines[0].startswith(HEADER) or (len(lines) == 1 and HEADER.startswith(lines[0])):
        return True
    raise _refusal(
        f"{file}, which this collection has not written",
        f"wg-quick down {file.stem}; mv {file} {file}.kept",
    )


def check_owner(name: str, running: Running | None, own_key: str | None) -> None:
    """Refuse to replace a running interface of which there is no file of ours.

    One with our key, or without any, is what is left of ours.

    :raises Failure: if it has a key that exists nowhere else.
    """
    if running and running.private_key and running.private_key != own_key:
        raise _refusal(f"an interface {name} with another key", f"ip link delete {name}")


def _refusal(found: str, command: str) -> Failure:
    return Failure(
        f"refused, nothing was changed: this host has {found}. It is not replaced, since its "
        "private key would be lost. Give the mesh another interface (wireguard_interface), or take "
        f"this one away: `{command}`",
        code="foreign",
    )


def check_controller(
    connection: Connection | None,
    addresses: Iterable[str],
    networks: Iterable[Network],
    running: Running | None,
) -> None:
    """Refuse routes that would take the answers to who brings them.

    `networks` are those that the interface is about to take, beside those that it has already.

    :raises Failure: if the SSH client's address is in one of them, and it came by another way.
    """
    if connection is None:
        return
    own = {text.partition("/")[0] for text in (*addresses, *(running.addresses if running else ()))}
    client = ipaddress.ip_network(connection.client)
    existing = [route.network for route in running.routes] if running else []
    if connection.server in own or any(is_inside(client, network) for network in existing):
        return
    for network in networks:
        if is_inside(client, network):
            raise Failure(
                f"refused, nothing was changed: Ansible comes in from {connection.client}, which "
                f"is in {network} of the mesh but not reached through it, so that the answers "
                "would be lost in the tunnel. Come in from another address (`-e "
                "ansible_ssh_extra_args='-o BindAddress=…'`), or move the nodes to a cluster with "
                "another network (`qm cluster add --mesh-prefix`)",
                code="locked_out",
            )
