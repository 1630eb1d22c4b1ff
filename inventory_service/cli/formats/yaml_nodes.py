# SPDX-License-Identifier: Apache-2.0
"""Nodes in YAML: a list of them, or the inventory for Ansible that `qm export nodes` writes."""

from collections.abc import Collection, Iterator
from typing import Any

import yaml

from inventory_service.cli.formats.source_row import Row, file_error
from inventory_service.inventory.domain import COLUMNS

#: How Ansible marks a text that must never become a template.
UNSAFE = "!unsafe"
#: The part of PyYAML that is written in C is ten times as fast, where it was built with it.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TAG = "tag:yaml.org,2002:"
#: Read as JSON would: a date is a text.
_TEXTS = (f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value", UNSAFE)
_VALUES = (f"{_TAG}null", f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float")
#: Variables of a host in an inventory, and the fields of the node that they are.
_FIELDS = {name: {"env": "environment"}.get(name, name) for name in COLUMNS}
#: The service takes values 8 levels deep.
_DEEPEST = 32
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
    try:
        _check(text)
        return list(_rows(yaml.compose(text, Loader=_LOADER)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise file_error(
            "file",
            f"is not YAML: {error.problem or error.context}",
            mark.line + 1 if mark else None,
            mark.column + 1 if mark else None,
        ) from None
    except yaml.YAMLError as error:
        raise file_error("file", f"is not YAML: {str(error).splitlines()[0]}") from None


def _check(text: str) -> None:
    """Raise BadInput if YAML is too deep to be composed: the part of PyYAML in C would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            # A few aliases of aliases can stand for more than a machine can hold.
            raise _error(event, "is an alias; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _error(event, "is nested too deeply")


def _rows(root: yaml.Node | None) -> Iterator[Row]:
    read = _Values()
    if root is None:
        return
    if isinstance(root, yaml.SequenceNode):
        for item in root.value:
            yield Row(_line(item), read.value(item))
        return
    everything = _find(root, "all")
    hosts = _find(everything, "hosts")
    if not isinstance(hosts, yaml.MappingNode):
        raise file_error("file", f"is no list of nodes, and no inventory {_AS_EXPORTED}", 1)
    _check_groups(everything, {name.value for name, _ in hosts.value})
    for name, held in hosts.value:
        variables = read.value(held)
        fields = _fields_of(variables) if isinstance(variables, dict) else {}
        yield Row(_line(name), {"node_id": name.value} | fields)


def _check_groups(group: yaml.Node | None, hosts: Collection[str]) -> None:
    """Raise BadInput if a group has what would be passed over: another host, or variables."""
    inner = _find(group, "children")
    for _, child in inner.value if isinstance(inner, yaml.MappingNode) else ():
        members = _find(child, "hosts")
        for name, held in members.value if isinstance(members, yaml.MappingNode) else ():
            if name.value not in hosts or held.tag != f"{_TAG}null":
                raise _error(name, f"the host {name.value[:64]!r} is not in a file {_AS_EXPORTED}")
        _check_groups(child, hosts)
    for key, _ in group.value if isinstance(group, yaml.MappingNode) else ():
        if key.value == "vars":
            raise _error(key, f"variables of a group are not in a file {_AS_EXPORTED}")


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


class _Values:
    """Turns nodes of YAML into values of JSON."""

    def __init__(self) -> None:
        self._constructor = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return dict(self._members(node))
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item) for item in node.value]
        if isinstance(node, yaml.ScalarNode) and node.tag in _TEXTS:
            return node.value
        if isinstance(node, yaml.ScalarNode) and node.tag in _VALUES:
            return self._scalar(node)
        raise _error(node, f"has the tag {node.tag}, which no value of a node has")

    def _members(self, node: yaml.MappingNode) -> Iterator[tuple[str, Any]]:
        names: set[str] = set()
        for key, held in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _TEXTS:
                raise _error(key, "must be a text, like all names; put it into quotes")
            if key.value in names:
                raise _error(key, f"{key.value[:64]!r} is there twice")
            names.add(key.value)
            yield key.value, self.value(held)

    def _scalar(self, node: yaml.ScalarNode) -> object:
        try:
            value = self._constructor.construct_object(node)
        except ValueError:
            raise _error(node, f"{node.value[:64]!r} cannot be read; put it into quotes") from None
        if value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124 (only NaN)
            raise _error(node, f"{node.value} is no number of JSON")
        return value


def _find(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return a member of a mapping; None if it is no mapping or has no such member."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((held for key, held in node.value if key.value == name), None)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _error(found: yaml.Node | yaml.Event, reason: str) -> Exception:
    mark = found.start_mark
    position = (mark.line + 1, mark.column + 1) if mark else ()
    return file_error("value", reason, *position)
