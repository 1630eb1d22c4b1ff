# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who should reach whom by the policy, and what was measured, as a table."""

from __future__ import annotations

import ipaddress
import typing as t

from ._firewall_policy import Policy, rules_of

REACHED = ("open", "closed")
"""Answers that came from the host itself: the firewall let the question in."""
ROADS = ("public", "mesh")


def expect(
    source: t.Mapping[str, t.Any],
    nodes: t.Sequence[t.Mapping[str, t.Any]],
    zones: t.Sequence[t.Mapping[str, t.Any]],
    mesh_prefix: str,
    refused_ports: t.Iterable[int],
) -> list[dict[str, t.Any]]:
    """Return what a node should find: an entry for each active node, road and port.

    Asked are all ports that any zone opens, of a range its ends, and ports that must be refused.
    """
    probes = []
    for target in sorted(nodes, key=lambda node: str(node["node_id"])):
        is_other = target["node_id"] != source["node_id"]
        is_near = target.get("cluster_id") == source.get("cluster_id")
        if not is_other or not is_near or target.get("state", "active") != "active":
            continue
        rules = tuple(rules_of(target, nodes, zones, mesh_prefix))
        prefix = ipaddress.ip_network(mesh_prefix) if mesh_prefix else None
        policy = Policy(rules, mesh_prefix=prefix)
        for road, address, own in _roads(source, target):
            interface = policy.mesh_interface if road == "mesh" else "other"
            probes += [
                {
                    "target": target["node_id"],
                    "road": road,
                    "address": address,
                    "port": port,
                    "allowed": policy.allows(ipaddress.ip_address(own), interface, "tcp", port),
                }
                for port in _ports(zones, refused_ports)
            ]
    return probes


def _roads(
    source: t.Mapping[str, t.Any], target: t.Mapping[str, t.Any]
) -> t.Iterator[tuple[str, str, str]]:
    """Yield each road to a node, its address there, and the own address that it sees."""
    is_same_region = source.get("region") == target.get("region")
    first, second = "internal_ip", "external_ip"
    if not is_same_region:
        first, second = second, first
    for kind in (first, second):
        if target.get(kind):
            own = source.get(kind) or source.get(first) or source.get(second)
            if own:
                yield "public", str(target[kind]), str(own)
            break
    if source.get("wireguard_ip") and target.get("wireguard_ip"):
        yield "mesh", str(target["wireguard_ip"]), str(source["wireguard_ip"])


def _ports(zones: t.Sequence[t.Mapping[str, t.Any]], refused: t.Iterable[int]) -> list[int]:
    """Return the ports worth asking: the ends of all ranges, and those to be refused."""
    ports = {int(port) for port in refused}
    for zone in zones:
        for allow in zone["allow"]:
            for text in allow.get("tcp") or ():
                ports.update(int(end) for end in str(text).split("-"))
    return sorted(ports)


def compare(measured: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]) -> dict[str, t.Any]:
    """Return the matrix as lines, and a sentence for each difference from the policy.

    `measured` has the entries of `expect` by source, each with its `answer`.
    """
    differences = [
        f"{source} → {probe['target']} port {probe['port']} over {probe['road']} "
        f"({probe['address']}): {'allowed' if probe['allowed'] else 'refused'} by the policy, "
        f"measured {probe['answer']}"
        for source, probes in sorted(measured.items())
        for probe in probes
        if probe["allowed"] != (probe["answer"] in REACHED)
    ]
    lines = [line for road in ROADS for line in _draw(road, measured)]
    return {"lines": lines, "differences": differences}


def _draw(
    road: str, measured: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]
) -> t.Iterator[str]:
    """Yield the table of one road: from whom, by row, to whom, by column, to which ports."""
    cells: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for source, probes in measured.items():
        for probe in probes:
            if probe["road"] == road:
                is_reached = probe["answer"] in REACHED
                cell = cells.setdefault((source, probe["target"]), [])
                if is_reached or probe["allowed"]:
                    cell.append((probe["port"], is_reached == probe["allowed"]))
    if not cells:
        return
    targets = sorted({target for _source, target in cells})
    rows = [[f"{road}: from ↓ to →", *targets]]
    for source in sorted({source for source, _target in cells}):
        texts = (_show(cells.get((source, target))) for target in targets)
        rows.append([source, *texts])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        padded = (text.ljust(width) for text, width in zip(row, widths))  # noqa: B905 - same length; plugins may meet Python 3.9
        yield "  ".join(padded).rstrip()


def _show(cell: t.Sequence[tuple[int, bool]] | None) -> str:
    """Return the ports that were reached; one that differs from the policy has a mark."""
    if cell is None:
        return "-"
    return " ".join(f"{port}{'' if is_right else '!'}" for port, is_right in cell) or "nothing"
