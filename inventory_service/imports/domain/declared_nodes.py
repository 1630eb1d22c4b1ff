# SPDX-License-Identifier: Apache-2.0
"""Nodes that a file declares; all of them are checked before any is planned."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from inventory_service.core.ansible_keywords import find_keywords
from inventory_service.core.errors import FieldError, refuse_file
from inventory_service.core.field_types import (
    MOST_LABELS,
    Address,
    Label,
    Labels,
    Line,
    NodeId,
    NodeType,
    SSHKey,
)
from inventory_service.core.inputs import Input
from inventory_service.core.variables import Variables
from inventory_service.fleet.domain.sizes import Spec
from inventory_service.imports.domain.skips import Skips


class DeclaredNode(Input):
    """A node as a file declares it; a field that is left out or null is not set.

    A provider is not among the fields: Terraform makes the servers that it declares, and
    provision.yml must not make them once more.
    """

    node_id: NodeId
    node_type: NodeType
    cluster_id: Label | None = None
    region: Label | None = None
    environment: Label | None = None
    project: Label | None = None
    internal_ip: Address | None = None
    external_ip: Address | None = None
    spec: Spec | None = None
    image: Line | None = None
    ssh_host_keys: list[SSHKey] | None = Field(default=None, max_length=8)
    labels: Labels | None = Field(default=None, max_length=MOST_LABELS)
    vars: Variables | None = Field(default=None, max_length=256)

    @property
    def set_fields(self) -> dict[str, Any]:
        """Return the fields that the file sets, without the name."""
        return self.model_dump(exclude={"node_id"}, exclude_none=True)


@dataclass(frozen=True)
class Row:
    """A node, and its address in the file, as the file's own tools write it."""

    address: str
    node: DeclaredNode


def check_rows(found: Iterable[tuple[str, Any]], kind: type[DeclaredNode]) -> list[Row]:
    """Return the nodes that a file declares at its addresses, all checked.

    :raises BadInput: one is invalid; ``field_errors`` name each by its address and field.
    """
    rows: list[Row] = []
    field_errors: list[FieldError] = []
    for address, fields in found:
        if not isinstance(fields, dict):
            field_errors.append(FieldError(address, "must be an object"))
            continue
        try:
            rows.append(Row(address, kind.model_validate(fields)))
        except ValidationError as error:
            field_errors += _errors_of(address, error)
    times = Counter(row.node.node_id for row in rows)
    field_errors += [
        FieldError(f"{row.address}.node_id", f"'{row.node.node_id}' is in the file more than once")
        for row in rows
        if times[row.node.node_id] > 1
    ]
    if field_errors:
        raise refuse_file(field_errors)
    return rows


def note_keywords(rows: Iterable[Row], skips: Skips) -> None:
    """Note the variables of nodes of which Ansible warns at each run."""
    for row in rows:
        for name in find_keywords(row.node.vars or {}):
            reason = (
                f"has the variable '{name}', a keyword of Ansible, which warns of it at each run"
            )
            skips.note(row.address, reason, "warning")


def _errors_of(address: str, error: ValidationError) -> Iterator[FieldError]:
    for found in error.errors(include_url=False, include_input=False):
        field = ".".join([address, *(str(part)[:64] for part in found["loc"])])
        is_unknown = found["type"] == "extra_forbidden"
        reason = "is not a field of a node" if is_unknown else found["msg"]
        yield FieldError(field, reason.removeprefix("Value error, "))
