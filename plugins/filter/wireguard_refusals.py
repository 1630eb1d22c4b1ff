# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter that finds on the controller what `wireguard_interface` would refuse on the host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.filter.mesh_peers import mesh_refusals
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    PORT_MAX,
    Invalid,
    check_range,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.validation import (
    parse_options,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.members import Node
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.preshared_keys import (
    find_secret_fault,
)

NO_ADDRESS = (
    "{} has no wireguard_ip or no mesh_prefix; register it with a cluster that has a mesh_prefix "
    "(`qm node add`) and take the inventory from the service, or set wireguard_address"
)
OTHER_ADDRESS = (
    "{} has the mesh address {} on record, by which its peers know it, and wireguard_address is "
    "{}; leave wireguard_address out, or change the record (`qm node set --wireguard-ip`)"
)
NUMBERS = ("listen_port", "mtu", "persistent_keepalive")


def wireguard_refusals(
    options: t.Mapping[str, t.Any],
    nodes: t.Sequence[Node] | None = None,
    node_id: str = "",
    recorded: str | None = None,
    **layout: t.Any,
) -> list[str]:
    """Return a sentence for each reason to refuse options of an interface; none if it can be.

    With `nodes`, those are the records among which `node_id` is; `recorded` is its address in the
    mesh, by which its peers know it, and `layout` the hub or the gateways.

    :raises AnsibleFilterError: if the options are no dictionary, or the node is not on record.
    """
    if not isinstance(options, t.Mapping):
        raise AnsibleFilterError("wireguard_refusals: expected the options of an interface")
    reasons = _find_option_faults(options)
    fault = find_secret_fault(str(options.get("preshared_secret") or ""))
    if fault:
        reasons.append(fault)
    if nodes is not None:
        address = str(next(iter(options.get("address") or ()), "")).partition("/")[0]
        reasons += _find_address_faults(address, nodes, node_id, recorded)
        reasons += mesh_refusals(nodes, node_id, **layout)
    return reasons


def _find_option_faults(options: t.Mapping[str, t.Any]) -> list[str]:
    reasons: list[str] = []
    numbers: dict[str, int | None] = {}
    for name in NUMBERS:
        given = options.get(name)
        try:
            numbers[name] = None if given is None else int(given)
        except (TypeError, ValueError):
            reasons.append(f"{name} {given!r} is no number")
            numbers[name] = None
    try:
        check_range("persistent_keepalive", numbers["persistent_keepalive"], 0, PORT_MAX)
    except Invalid as error:
        reasons += error.reasons
    try:
        parse_options(
            {
                "name": str(options.get("name") or ""),
                "address": options.get("address"),
                "peers": options.get("peers"),
                "listen_port": numbers["listen_port"],
                "mtu": numbers["mtu"],
            }
        )
    except Invalid as error:
        reasons += error.reasons
    return reasons


def _find_address_faults(
    address: str, nodes: t.Sequence[Node], node_id: str, recorded: str | None
) -> list[str]:
    """Return why a node cannot have its address."""
    if not address:
        return [NO_ADDRESS.format(node_id)]
    if recorded is None or address == recorded:
        return []
    holders = [str(node["node_id"]) for node in nodes if node.get("wireguard_ip") == address]
    shown = "".join(f", which is that of {name}" for name in holders)
    return [OTHER_ADDRESS.format(node_id, recorded, f"{address}{shown}")]


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"wireguard_refusals": wireguard_refusals}
