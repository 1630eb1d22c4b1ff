# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the nodes that wait for a server, from their provider or from another tool."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

Node = t.Mapping[str, t.Any]


def nodes_to_provision(
    nodes: t.Iterable[Node],
    only: t.Collection[str] | None = None,
    failed: bool = False,  # noqa: FBT002 - filters take their options by position
) -> list[Node]:
    """Return the nodes that need a server, or another size of the one that they have.

    With ``only``, just those named. Failed ones are tried again if they are named, or all of
    them with ``failed``.

    :raises AnsibleFilterError: a named node is not among those that can be provisioned.
    """
    tries_failed = failed or only is not None
    waiting = [node for node in nodes if _is_waiting(node, tries_failed=tries_failed)]
    if only is None:
        return waiting
    names = {node["node_id"] for node in waiting}
    strangers = sorted(set(only) - names - {node["node_id"] for node in nodes})
    if strangers:
        raise AnsibleFilterError(
            f"nodes_to_provision: no node of the fleet is called {', '.join(map(str, strangers))}, "
            "or it is retired or in maintenance; `qm node list` shows what there is"
        )
    return [node for node in waiting if node["node_id"] in only]


def nodes_without_provider(nodes: t.Iterable[Node]) -> list[str]:
    """Return the names of the nodes that wait for a server which another tool creates."""
    return [
        node["node_id"]
        for node in nodes
        if node["provider"] is None and node["state"] in ("planned", "provisioning")
    ]


def _is_waiting(node: Node, *, tries_failed: bool) -> bool:
    if node["provider"] is None:
        # Somebody else makes this server; only a person knows when it is there.
        return False
    if node["state"] == "active":
        return node["provisioned_spec"] is not None and node["spec"] != node["provisioned_spec"]
    return tries_failed or node["state"] != "failed"


class FilterModule:
    """What Ansible asks this file for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {
            "nodes_to_provision": nodes_to_provision,
            "nodes_without_provider": nodes_without_provider,
        }
