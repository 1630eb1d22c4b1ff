# SPDX-License-Identifier: Apache-2.0
"""What stated nodes would change: nodes to add, and fields to change of those that are there.

Nothing is ever taken away: a node that the file does not name stays as it is, a field of which it
says nothing keeps its value, and so does a label or a variable.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from inventory_service.imports.domain.declared_nodes import Row
from inventory_service.imports.domain.terraform_servers import Skip

#: Fields that hold many values under names of their own.
_KEYED = ("labels", "vars")


@dataclass(frozen=True)
class AddedNode:
    """A node that the fleet does not have; the address is the file's own."""

    address: str
    node_id: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class FieldChange:
    """A field that is to have another value; a label is named like ``labels.rack``."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ChangedNode:
    """A node that is to be changed, and in what."""

    address: str
    node_id: str
    changes: list[FieldChange]


@dataclass
class StatedPlan:
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
) -> StatedPlan:
    """Return what must be recorded so that the fleet holds what the rows say.

    ``known`` has the fields of each live node that a row names.
    """
    plan = StatedPlan(skipped=skipped)
    for row in rows:
        name, said = row.node.node_id, row.node.said
        if name not in known:
            plan.add.append(AddedNode(row.address, name, said))
        elif changes := _compare(said, known[name]):
            plan.update.append(ChangedNode(row.address, name, changes))
        else:
            plan.unchanged += 1
    return plan


def apply_changes(changes: Iterable[FieldChange], held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that change, each with its whole new value."""
    wanted: dict[str, Any] = {}
    for change in changes:
        name, _, key = change.field.partition(".")
        if name in _KEYED:
            wanted[name] = {**wanted.get(name, held[name]), key: change.after}
        else:
            wanted[name] = change.after
    return wanted


def _compare(said: Mapping[str, Any], held: Mapping[str, Any]) -> list[FieldChange]:
    changes = []
    for name, value in said.items():
        if name in _KEYED:
            changes += [
                FieldChange(f"{name}.{key}", held[name].get(key), inner)
                for key, inner in value.items()
                if key not in held[name] or held[name][key] != inner
            ]
        elif held[name] != value:
            changes.append(FieldChange(name, held[name], value))
    return changes
