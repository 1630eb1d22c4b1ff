# SPDX-License-Identifier: Apache-2.0
"""What declared nodes would change: nodes to add, and fields to change of known ones.

Nothing is ever removed: a node that the file does not name stays as it is, and a field, label or
variable that it does not set keeps its value.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from inventory_service.imports.domain.declared_nodes import Row
from inventory_service.imports.domain.skips import Skip

#: Fields that are maps.
_KEYED = ("labels", "vars")


@dataclass(frozen=True)
class AddedNode:
    """A node that the fleet does not have; ``address`` is the one in the file."""

    address: str
    node_id: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class FieldChange:
    """A field that would get another value; a label is named like ``labels.rack``."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ChangedNode:
    """A node that would be changed, and its changes."""

    address: str
    node_id: str
    changes: list[FieldChange]


@dataclass
class NodesPlan:
    """What would be recorded; ``digest`` names exactly this."""

    add: list[AddedNode] = field(default_factory=list)
    update: list[ChangedNode] = field(default_factory=list)
    unchanged: int = 0
    skipped: list[Skip] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Return a hash of all that the plan would do."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def plan_rows(
    rows: Iterable[Row], known: Mapping[str, Mapping[str, Any]], skipped: list[Skip]
) -> NodesPlan:
    """Return what must be recorded so that the fleet has what the rows declare.

    ``known`` has the fields of each live node that a row names.
    """
    plan = NodesPlan(skipped=skipped)
    for row in rows:
        name, fields = row.node.node_id, row.node.set_fields
        if name not in known:
            plan.add.append(AddedNode(row.address, name, fields))
        elif changes := _compare(fields, known[name]):
            plan.update.append(ChangedNode(row.address, name, changes))
        else:
            plan.unchanged += 1
    return plan


def apply_changes(changes: Iterable[FieldChange], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that change, each with its whole new value."""
    wanted: dict[str, Any] = {}
    for change in changes:
        name, _, key = change.field.partition(".")
        if name in _KEYED:
            wanted[name] = {**wanted.get(name, known[name]), key: change.after}
        else:
            wanted[name] = change.after
    return wanted


def _compare(fields: Mapping[str, Any], known: Mapping[str, Any]) -> list[FieldChange]:
    changes = []
    for name, value in fields.items():
        if name in _KEYED:
            changes += [
                FieldChange(f"{name}.{key}", known[name].get(key), inner)
                for key, inner in value.items()
                if key not in known[name] or known[name][key] != inner
            ]
        elif known[name] != value:
            changes.append(FieldChange(name, known[name], value))
    return changes
