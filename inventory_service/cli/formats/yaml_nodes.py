# SPDX-License-Identifier: Apache-2.0
"""Nodes in YAML: a list of them, or the inventory for Ansible that `qm export nodes` writes."""

from collections.abc import Collection, Iterator
from typing import Any

import yaml

from inventory_service.cli.formats.source_row import Row, file_error
from inventory_service.cli.formats.yaml_values import NULL, Values, compose, line_of, node_error
from inventory_service.inventory.domain import COLUMNS

#: Variables of a host in an inventory, and the fields of the node that they are.
_FIELDS = {name: {"env": "environment"}.get(name, name) for name in COLUMNS}
#: The only inventories that are read, and the way for others.
_AS_EXPORTED = (
    "as `qm export nodes` writes it: each host below `all: hosts`, with all of its variables. Of "
    "another inventory, write the nodes as a list: `- {node_id: web-1, node_type: web}`"
)
#: What only the service sets; an import passes over it.
_SET_BY_SERVICE = ("state", "mesh_prefix", "mesh_port", "node_services")


def read_yaml(text: str) -> list[Row]:
    """Return the rows of a list of nodes, or the hosts of an inventory that we wrote.

    :raises BadInput: it is neither; the error has its line and column.
    """
    roots = compose(text)
    if len(roots) > 1:
        raise node_error(roots[1], "is another document; write all nodes into one")
    return list(_rows(roots[0] if roots else None))


def _rows(root: yaml.Node | None) -> Iterator[Row]:
    read = Values()
    if root is None:
        return
    if isinstance(root, yaml.SequenceNode):
        for item in root.value:
            yield Row(line_of(item), read.value(item))
        return
    everything = _find(root, "all")
    hosts = _find(everything, "hosts")
    if not isinstance(hosts, yaml.MappingNode):
        raise file_error("file", f"is no list of nodes, and no inventory {_AS_EXPORTED}", 1)
    _check_groups(everything, {name.value for name, _ in hosts.value})
    for name, held in hosts.value:
        variables = read.value(held)
        fields = _fields_of(variables) if isinstance(variables, dict) else {}
        yield Row(line_of(name), {"node_id": name.value} | fields)


def _check_groups(group: yaml.Node | None, hosts: Collection[str]) -> None:
    """Raise BadInput if a group has what would be passed over: another host, or variables."""
    inner = _find(group, "children")
    for _, child in inner.value if isinstance(inner, yaml.MappingNode) else ():
        members = _find(child, "hosts")
        for name, held in members.value if isinstance(members, yaml.MappingNode) else ():
            if name.value not in hosts or held.tag != NULL:
                raise node_error(
                    name, f"the host {name.value[:64]!r} is not in a file {_AS_EXPORTED}"
                )
        _check_groups(child, hosts)
    for key, _ in group.value if isinstance(group, yaml.MappingNode) else ():
        if key.value == "vars":
            raise node_error(key, f"variables of a group are not in a file {_AS_EXPORTED}")


def _fields_of(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the node whose variables these are."""
    fields: dict[str, Any] = {}
    own: dict[str, Any] = {}
    address = variables.get("internal_ip") or variables.get("external_ip")
    for name, value in variables.items():
        if name in _SET_BY_SERVICE or (name == "ansible_host" and value == address):
            continue
        if name in _FIELDS and name != "ansible_host":
            fields[_FIELDS[name]] = value
        else:
            own[name] = value
    return fields | ({"vars": own} if own else {})


def _find(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return a member of a mapping; None if it is no mapping or has no such member."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((held for key, held in node.value if key.value == name), None)
