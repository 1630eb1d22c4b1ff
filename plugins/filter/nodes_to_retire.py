# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the nodes that a run would take away, and the lines that show them to a person."""

from __future__ import annotations

import typing as t

Node = t.Mapping[str, t.Any]


def nodes_to_retire(nodes: t.Iterable[Node], names: t.Collection[str] = ()) -> list[Node]:
    """Return the retired nodes that still have a server, and those named that are not retired yet.

    What is left of a run that was interrupted is among them, what it has done is not.
    """
    return [
        node
        for node in nodes
        if (_has_server(node) if node["state"] == "retired" else node["node_id"] in names)
    ]


def retirement_lines(nodes: t.Iterable[Node]) -> list[str]:
    """Return a line for each node: its name, and what a person knows it by."""
    return [_line_of(node) for node in nodes]


def _has_server(node: Node) -> bool:
    return bool(node["provider"] and node["provider_id"])


def _line_of(node: Node) -> str:
    server = (
        f"server {node['provider_id']} is destroyed" if _has_server(node) else "no server of ours"
    )
    words = [
        f"type {node['node_type'] or '-'}",
        f"project {node['project'] or '-'}",
        f"environment {node['environment'] or '-'}",
        node["state"],
        f"provider {node['provider'] or '-'}",
        server,
    ]
    return f"{node['node_id']}: {', '.join(words)}"


class FilterModule:
    """What Ansible asks this file for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"nodes_to_retire": nodes_to_retire, "retirement_lines": retirement_lines}
