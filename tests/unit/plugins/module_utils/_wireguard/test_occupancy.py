# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interfaces of somebody else, and networks that hold the controller, are refused by name."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.ssh_connection import (
    Connection,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.conf import HEADER
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.occupancy import (
    check_controller,
    check_owner,
    is_ours,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.runtime import (
    Route,
    Running,
)

OWN, OTHER = "own-private-key", "their-private-key"
MESH = "10.91.0.0/24"


def running(private_key: str | None = OWN, *, address: str = "", route: str = "") -> Running:
    """Return an interface that runs."""
    return Running(
        private_key=private_key,
        public_key=None,
        listen_port=51820,
        peers=(),
        addresses=(address,) if address else (),
        mtu=1420,
        is_up=True,
        routes=(Route(ipaddress.ip_network(route), "boot", is_direct=True),) if route else (),
    )


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (None, False),
        ("", False),
        ("\n \n", False),
        ("\0" * 512, False),
        (f"{HEADER}\n[Interface]\nPrivateKey = x\nPostUp = true\n", True),
        (HEADER, True),
        (HEADER[:20], True),
    ],
)
def test_a_file_of_ours_is_known_by_its_first_line(
    tmp_path: Path, text: str | None, *, ours: bool
) -> None:
    """What is empty holds nothing that could be lost."""
    path = tmp_path / "wg0.conf"
    if text is not None:
        path.write_text(text)
    assert is_ours(path) == ours


@pytest.mark.parametrize(
    "text",
    [
        "[Interface]\nPrivateKey = x\n",
        f"# mine\n{HEADER}\n",
        "garbage",
        f"{HEADER[:20]}\n[Interface]\nPrivateKey = x\n",
    ],
)
def test_a_file_of_somebody_else_is_refused_by_name_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wg7.conf"
    path.write_text(text)

    with pytest.raises(Failure, match=r"wg7\.conf.*wireguard_interface.*wg-quick down wg7") as no:
        is_ours(path)

    assert no.value.code == "foreign"
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("interface", "own_key"),
    [(None, None), (None, OWN), (running(None), OWN), (running(None), None), (running(OWN), OWN)],
)
def test_what_is_left_of_our_own_interface_is_taken_up(
    interface: Running | None, own_key: str | None
) -> None:
    check_owner("wg0", interface, own_key)


@pytest.mark.parametrize("own_key", [None, OWN])
def test_a_running_interface_with_another_key_is_refused(own_key: str | None) -> None:
    with pytest.raises(Failure, match="ip link delete wg0") as refused:
        check_owner("wg0", running(OTHER), own_key)

    assert refused.value.code == "foreign"
    assert OTHER not in str(refused.value)


CLIENTS: dict[str, tuple[str, str, Running | None, bool]] = {
    "from elsewhere": ("192.0.2.7", "192.0.2.9", None, True),
    "from the mesh's network, by another way": ("10.91.0.200", "192.0.2.9", None, False),
    "from the mesh's network, to another interface of it": (
        *("10.91.0.200", "192.0.2.9"),
        *(running(address="10.92.0.1/24", route="10.92.0.0/24"), False),
    ),
    "through the mesh": ("10.91.0.200", "10.91.0.1", None, True),
    "through the mesh, whose address changes": (
        *("10.91.0.200", "10.91.0.7"),
        *(running(address="10.91.0.7/24"), True),
    ),
    "where the interface has the route already": (
        *("10.91.0.200", "192.0.2.9"),
        *(running(address="10.91.0.1/24", route=MESH), True),
    ),
    "by IPv6": ("fd00::7", "fd00::9", None, True),
}


@pytest.mark.parametrize(("client", "server", "interface", "passes"), CLIENTS.values(), ids=CLIENTS)
def test_a_network_that_holds_the_controller_is_refused(
    client: str, server: str, interface: Running | None, *, passes: bool
) -> None:
    def check() -> None:
        networks = [ipaddress.ip_network("10.90.0.0/24"), ipaddress.ip_network(MESH)]
        check_controller(Connection(client, server, 22), ["10.91.0.1/24"], networks, interface)

    if passes:
        check()
        return
    with pytest.raises(Failure, match=f"from {client}, which is in {MESH}.*BindAddress") as refused:
        check()
    assert refused.value.code == "locked_out"


def test_without_ssh_there_is_no_way_in_to_lose() -> None:
    check_controller(None, ["10.91.0.1/24"], [ipaddress.ip_network(MESH)], None)
