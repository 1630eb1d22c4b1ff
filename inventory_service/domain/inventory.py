# SPDX-License-Identifier: Apache-2.0
"""The fleet as other programs read it: Ansible's document, a columnar one, and the first one.

All three are made from the same rows, so that they can't tell different stories.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

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

_PLACE = {name: place for place, name in enumerate(COLUMNS)}
_GROUPED = (
    ("", _PLACE["node_type"]),
    ("cluster_", _PLACE["cluster_id"]),
    ("region_", _PLACE["region"]),
    ("env_", _PLACE["env"]),
    ("project_", _PLACE["project"]),
    ("state_", _PLACE["state"]),
)
_SERVICES, _VARS = _PLACE["node_services"], _PLACE["vars"]
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


def get_groups(rows: Iterable[Row]) -> dict[str, list[int]]:
    """Return each group with the positions of its rows: by type, cluster, service and so on."""
    groups: dict[str, list[int]] = defaultdict(list)
    names: dict[tuple[str, str], str] = {}
    for position, row in enumerate(rows):
        for prefix, place in _GROUPED:
            value = row[place]
            if value is None:
                continue
            name = names.get((prefix, value))
            if name is None:
                # A label has no underscore, so two labels never become one group.
                name = names[prefix, value] = prefix + value.replace("-", "_")
            groups[name].append(position)
        for service in row[_SERVICES] or ():
            groups["service_" + service.replace("-", "_")].append(position)
    return dict(sorted(groups.items()))


def make_columns_document(rows: Sequence[Row], *, revision: int) -> dict[str, Any]:
    """Return the fleet with its column names once and a row a host; strings are as they are."""
    return {
        "version": 1,
        "revision": revision,
        "columns": COLUMNS,
        "rows": rows,
        "groups": get_groups(rows),
    }


def make_ansible_document(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the document that an Ansible inventory script prints, ``_meta.hostvars`` included.

    A string that could be read as a template or an expression is wrapped as
    ``{"__ansible_unsafe": …}`` (ansible-core 2.10 and newer, ``AnsibleJSONDecoder``).
    """
    groups = get_groups(rows)
    document: dict[str, Any] = {
        "_meta": {"hostvars": {row[0]: get_host_variables(row) for row in rows}},
        "all": {"children": [*groups, "ungrouped"]},
    }
    for name, positions in groups.items():
        document[name] = {"hosts": [rows[position][0] for position in positions]}
    return document


def get_host_variables(row: Row) -> dict[str, Any]:
    """Return one host's variables, marked as data; what is not known is left out."""
    variables: dict[str, Any] = {
        name: mark_unsafe(value)
        for name, value in zip(COLUMNS[:_VARS], row, strict=False)
        if value is not None
    }
    variables.update({name: mark_unsafe(value) for name, value in row[_VARS].items()})
    return variables


def mark_unsafe(value: object) -> object:
    """Return the value with each string marked that Ansible could take for more than data."""
    if isinstance(value, str):
        return value if _HARMLESS.match(value) else {"__ansible_unsafe": value}
    if isinstance(value, dict):
        return {key: mark_unsafe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [mark_unsafe(inner) for inner in value]
    return value


def make_first_document(rows: Iterable[Row]) -> dict[str, list[dict[str, Any]]]:
    """Return the shape that the first inventory script reads: a flat list of nodes.

    ``internal_ip`` is the external one where a node has no other, since that script connects to
    it. Keys may be added here, never taken away.
    """
    nodes = []
    for row in rows:
        node = {key: row[_PLACE[column]] for key, column in _FIRST_KEYS.items()}
        node["internal_ip"] = node["internal_ip"] or node["external_ip"]
        nodes.append(node)
    return {"nodes": nodes}
