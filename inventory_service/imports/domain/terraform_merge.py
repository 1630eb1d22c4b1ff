# SPDX-License-Identifier: Apache-2.0
"""The inventory merged with a Terraform file; the values of the service take precedence.

What the service does not know of a node is taken from the file, and so are nodes that it never
knew. Nothing is recorded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import Field

from inventory_service.core.inputs import Input
from inventory_service.fleet.domain.nodes import IN_SERVICE
from inventory_service.imports.domain.declared_nodes import DeclaredNode
from inventory_service.imports.domain.projects_plan import MOST_CHARACTERS
from inventory_service.imports.domain.skips import Skip
from inventory_service.inventory.domain import COLUMNS, list_groups

_INDEX = {name: index for index, name in enumerate(COLUMNS)}
#: Field of a node: column of the inventory, where the two differ.
_COLUMN = {"environment": "env"}
#: Filter of an inventory: field of a node, where the two differ.
_FIELD = {"cluster": "cluster_id"}
_KEYED = ("labels", "vars")


class MergeRequest(Input):
    """A Terraform file to merge the inventory with."""

    terraform: str = Field(
        max_length=MOST_CHARACTERS,
        description="`terraform output -json`, or a state file of version 4",
    )


@dataclass(frozen=True)
class MergeConflict:
    """A value of the file that is not used, since the service has another one."""

    node_id: str
    field: str
    service: Any
    file: Any


@dataclass(frozen=True)
class LeftOut:
    """A node of the file that is no host, since its state in the service is none in service."""

    node_id: str
    state: str


@dataclass
class Merge:
    """Rows of the merged inventory, by name, and what of the file did not go into them."""

    rows: list[list[Any]]
    conflicts: list[MergeConflict] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[Skip] = field(default_factory=list)

    def as_document(self, revision: int) -> dict[str, Any]:
        """Return the inventory in the form 'columns', with what did not go into it."""
        groups: dict[str, list[int]] = {}
        for index, row in enumerate(self.rows):
            for group in list_groups(row):
                groups.setdefault(group, []).append(index)
        return {
            "version": 1,
            "revision": revision,
            "columns": COLUMNS,
            "rows": self.rows,
            "groups": dict(sorted(groups.items())),
            "conflicts": [asdict(one) for one in self.conflicts],
            "left_out": [asdict(one) for one in self.left_out],
            "warnings": [asdict(one) for one in self.warnings],
        }


def merge_rows(
    rows: Iterable[list[Any]],
    nodes: Iterable[DeclaredNode],
    states: Mapping[str, str],
    filters: Mapping[str, Sequence[str]],
) -> Merge:
    """Return the rows of the service with what the nodes of the file add.

    ``states`` has the state of each node of the file that the service knows, a retired one too;
    ``filters`` are those that the rows were chosen by.
    """
    by_name = {row[0]: row for row in rows}
    merge = Merge([])
    for node in nodes:
        row = by_name.get(node.node_id)
        if row is not None:
            _fill(row, node, merge.conflicts)
        elif not _fits(node, filters):
            continue
        elif node.node_id not in states:
            by_name[node.node_id] = _make_row(node)
        elif states[node.node_id] not in IN_SERVICE:
            merge.left_out.append(LeftOut(node.node_id, states[node.node_id]))
    merge.rows = [by_name[name] for name in sorted(by_name)]
    return merge


def _fill(row: list[Any], node: DeclaredNode, conflicts: list[MergeConflict]) -> None:
    """Fill in what the service does not know, and append a conflict where it has another value."""
    had_address = row[_INDEX["ansible_host"]] is not None
    for name, value in node.set_fields.items():
        index = _INDEX.get(_COLUMN.get(name, name))
        if index is None:
            continue
        held = row[index]
        if name in _KEYED:
            row[index] = {**value, **held}
            conflicts += [
                MergeConflict(node.node_id, f"{name}.{key}", held[key], inner)
                for key, inner in value.items()
                if key in held and held[key] != inner
            ]
        elif held is None:
            row[index] = value
        elif held != value:
            conflicts.append(MergeConflict(node.node_id, name, held, value))
    if not had_address:
        row[_INDEX["ansible_host"]] = _get_host(row)


def _make_row(node: DeclaredNode) -> list[Any]:
    row: list[Any] = [None] * len(COLUMNS)
    row[_INDEX["labels"]], row[_INDEX["vars"]] = {}, {}
    for name, value in {"node_id": node.node_id, **node.set_fields}.items():
        index = _INDEX.get(_COLUMN.get(name, name))
        if index is not None:
            row[index] = value
    row[_INDEX["ansible_host"]] = _get_host(row)
    return row


def _get_host(row: Sequence[Any]) -> str | None:
    """Return the address that Ansible connects to, chosen as for the service's own rows."""
    own: str | None = row[_INDEX["vars"]].get("ansible_host")
    return own or row[_INDEX["internal_ip"]] or row[_INDEX["external_ip"]]


def _fits(node: DeclaredNode, filters: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a node that only the file has fits the filters; it has no state."""
    if set(filters.get("state") or ()) - {"any"}:
        return False
    return all(
        getattr(node, _FIELD.get(name, name)) in values
        for name, values in filters.items()
        if values and name != "state"
    )
