# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SSH connection by which Ansible came to this host."""

from __future__ import annotations

import ipaddress
import typing as t
from pathlib import Path


class Connection(t.NamedTuple):
    """An SSH connection to this host: who came in, and by which of its addresses and ports."""

    client: str
    server: str
    port: int


def parse_connection(text: str | None) -> Connection | None:
    """Return SSH_CONNECTION of sshd(8) as its parts; None if there is none."""
    words = (text or "").split()
    if len(words) != 4 or not words[3].isdigit():  # noqa: PLR2004 - client, port, server, port
        return None
    client, server = (_plain(word) for word in (words[0], words[2]))
    return Connection(client, server, int(words[3])) if client and server else None


def _plain(text: str) -> str:
    """Return an address without zone, and IPv4 as IPv4; empty if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def find_connection(environ: t.Mapping[str, str], parent: int) -> str | None:
    """Return SSH_CONNECTION of this process or of one that started it.

    sudo(8) hands on no SSH_CONNECTION, but the shell before it still has it.
    """
    if environ.get("SSH_CONNECTION"):
        return environ["SSH_CONNECTION"]
    while parent > 1:
        folder = Path("/proc") / str(parent)
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        for variable in variables:
            if variable.startswith(b"SSH_CONNECTION="):
                return variable.partition(b"=")[2].decode(errors="replace")
        parent = int(stat.rpartition(")")[2].split()[1])
    return None
