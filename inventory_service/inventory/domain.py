# SPDX-License-Identifier: Apache-2.0
"""A node as other programs read it: its groups, its variables, and the first script's keys.

All are made from the same row, so that they never contradict each other.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inventory_service.core.variables import is_name

#: One row a node, in this order; the first column names the host. The environment is `env` here:
#: Ansible keeps `environment` for itself and warns of a variable of that name.
COLUMNS = (
    "node_id",
    "ansible_host",
    "node_type",
    "cluster_id",
    "region",
    "env",
    "project",
    "state",
    "internal_ip",
    "external_ip",
    "wireguard_ip",
    "wireguard_public_key",
    "mesh_prefix",
    "mesh_port",
    "provider",
    "provider_id",
    "spec",
    "node_services",
    "labels",
    "vars",
)
Row = Sequence[Any]

_INDEX = {name: index for index, name in enumerate(COLUMNS)}
_GROUPED = (
    ("", _INDEX["node_type"]),
    ("cluster_", _INDEX["cluster_id"]),
    ("region_", _INDEX["region"]),
    ("env_", _INDEX["env"]),
    ("project_", _INDEX["project"]),
    ("state_", _INDEX["state"]),
)
#: What an inventory can be narrowed by, and how the groups of it begin.
_FILTER_PREFIXES = {
    "project": "project_",
    "environment": "env_",
    "cluster": "cluster_",
    "region": "region_",
    "node_type": "",
    "state": "state_",
}
_SERVICES, _VARS = _INDEX["node_services"], _INDEX["vars"]
_HARMLESS = re.compile(r"[A-Za-z0-9 ._:/@+-]*\Z")
#: Key of the first document: column.
_FIRST_KEYS = {
    "node_id": "node_id",
    "node_type": "node_type",
    "cluster_id": "cluster_id",
    "region": "region",
    "internal_ip": "internal_ip",
    "external_ip": "external_ip",
    "wireguard_ip": "wireguard_ip",
    "environment": "env",
    "project": "project",
    "state": "state",
}


def list_groups(row: Row) -> tuple[str, ...]:
    """Return the groups that a host is in: by type, cluster, service and so on."""
    return _name_groups(tuple(row[index] for _, index in _GROUPED), tuple(row[_SERVICES] or ()))


@functools.lru_cache(maxsize=10_000)
def _name_groups(values: Sequence[str | None], services: Sequence[str]) -> tuple[str, ...]:
    # Cached, since hosts that share their groups then share the memory for them.
    named = [(prefix, value) for (prefix, _), value in zip(_GROUPED, values, strict=True)]
    named += [("service_", service) for service in services]
    return tuple(name_group(prefix, value) for prefix, value in named if value is not None)


@functools.lru_cache(maxsize=10_000)
def name_group(prefix: str, value: str) -> str:
    """Return the name of the group of hosts that share a value.

    A label has no underscore, so two labels never become one group.
    """
    return prefix + value.replace("-", "_")


def name_filter_groups(filters: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """Return for each filter the groups of which a host must be in at least one."""
    return [
        frozenset(name_group(_FILTER_PREFIXES[name], value) for value in values)
        for name, values in filters.items()
        if values
    ]


def get_host_variables(row: Row) -> dict[str, Any]:
    """Return one host's variables, marked as data; what is not known is left out."""
    variables: dict[str, Any] = {
        name: mark_unsafe(value)
        for name, value in zip(COLUMNS[:_VARS], row, strict=False)
        if value is not None
    }
    # What was kept before a name was refused is not given out either.
    own = {name: mark_unsafe(value) for name, value in row[_VARS].items() if is_name(name)}
    return variables | own


def mark_unsafe(value: object) -> object:
    """Return the value with each string marked unsafe that Ansible might evaluate."""
    if isinstance(value, str):
        return value if _HARMLESS.match(value) else {"__ansible_unsafe": value}
    if isinstance(value, dict):
        # Each of Ansible's tags would replace the object; new values have none.
        kept = {key: inner for key, inner in value.items() if not key.startswith("__ansible")}
        return {key: mark_unsafe(inner) for key, inner in kept.items()}
    if isinstance(value, list):
        return [mark_unsafe(inner) for inner in value]
    return value


def get_legacy_node(row: Row) -> dict[str, Any]:
    """Return a node as the first inventory script reads it.

    ``internal_ip`` is the external one where a node has no other, since that script connects to
    it. Keys may be added here, never removed.
    """
    node = {key: row[_INDEX[column]] for key, column in _FIRST_KEYS.items()}
    node["internal_ip"] = node["internal_ip"] or node["external_ip"]
    return node
