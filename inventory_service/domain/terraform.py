# SPDX-License-Identifier: Apache-2.0
"""The nodes that a Terraform file states or shows, checked whole before anything follows from them.

The convention stands in docs/terraform.md.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inventory_service.domain.errors import BadInput, Fault
from inventory_service.domain.specs import Spec
from inventory_service.domain.terraform_files import (
    OUTPUTS,
    find_output,
    is_state,
    list_servers,
    read_document,
)
from inventory_service.domain.terraform_servers import Skip, Skips, read_server
from inventory_service.domain.words import (
    Address,
    Label,
    Labels,
    Line,
    NodeId,
    NodeType,
    SSHKey,
    Variables,
)

_MOST_FAULTS = 50


class TerraformNode(BaseModel):
    """A node as a file states it; what is left out or null is not said.

    A provider is not among the fields: Terraform makes these servers, and provision.yml must not
    make them once more.
    """

    model_config = ConfigDict(extra="forbid")

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
    labels: Labels | None = Field(default=None, max_length=64)
    vars: Variables | None = Field(default=None, max_length=256)

    @property
    def said(self) -> dict[str, Any]:
        """Return the fields that the file says something of, without the name."""
        return self.model_dump(exclude={"node_id"}, exclude_none=True)


@dataclass(frozen=True)
class Row:
    """A node, and the address in Terraform's own words of what states it."""

    address: str
    node: TerraformNode


@dataclass(frozen=True)
class TerraformNodes:
    """The nodes of a file, and what in it could not be made one."""

    rows: list[Row]
    skipped: list[Skip]


def read_terraform(content: str) -> TerraformNodes:
    """Return the nodes of a file, all checked.

    :raises BadInput: it is no file of Terraform that we know, states no nodes, or states wrong
        ones; ``faults`` name each by its address and field.
    """
    document = read_document(content)
    stated = find_output(document)
    skips = Skips()
    if stated is not None:
        found = list(_rows_of_output(*stated))
    elif is_state(document):
        servers = [(one.address, read_server(one, skips)) for one in list_servers(document)]
        found = [(address, fields) for address, fields in servers if fields is not None]
    else:
        names = ", ".join(sorted(document)[:10])[:200] or "none"
        raise BadInput(
            f"The outputs hold no '{OUTPUTS[0]}' and no '{OUTPUTS[1]}' (there are: {names}). Add "
            "such an output to the configuration, or hand over the state: `terraform state pull`.",
            faults=[Fault("file", "states no nodes")],
        )
    return TerraformNodes(_check(found), skips.all())


def _rows_of_output(name: str, value: object) -> Iterator[tuple[str, Any]]:
    """Yield address and fields of each node that an output states: a map by name, or a list."""
    if isinstance(value, dict):
        for node_id, held in value.items():
            fields = {"node_id": node_id, **held} if isinstance(held, dict) else held
            yield f"{name}[{json.dumps(node_id)[:80]}]", fields
    elif isinstance(value, list):
        for place, held in enumerate(value):
            yield f"{name}[{place}]", held
    else:
        raise BadInput(
            f"The output '{name}' is neither a map nor a list of objects.",
            faults=[Fault(name, "must be a map or a list of objects")],
        )


def _check(found: list[tuple[str, Any]]) -> list[Row]:
    rows: list[Row] = []
    faults: list[Fault] = []
    for address, fields in found:
        if not isinstance(fields, dict):
            faults.append(Fault(address, "must be an object"))
            continue
        try:
            rows.append(Row(address, TerraformNode.model_validate(fields)))
        except ValidationError as error:
            faults += _faults_of(address, error)
    times = Counter(row.node.node_id for row in rows)
    faults += [
        Fault(f"{row.address}.node_id", f"'{row.node.node_id}' stands in the file more than once")
        for row in rows
        if times[row.node.node_id] > 1
    ]
    if faults:
        raise refuse_rows(faults)
    return rows


def refuse_rows(faults: list[Fault]) -> BadInput:
    """Return the refusal of a file for faults in its rows; each names its address and field."""
    return BadInput(
        f"The file has {len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was changed. "
        "Mend what is named in the configuration, and hand the file over again.",
        faults=faults[:_MOST_FAULTS],
    )


def _faults_of(address: str, error: ValidationError) -> Iterator[Fault]:
    for found in error.errors(include_url=False, include_input=False):
        place = ".".join([address, *(str(part)[:64] for part in found["loc"])])
        is_unknown = found["type"] == "extra_forbidden"
        reason = "is not a field of a node" if is_unknown else found["msg"]
        yield Fault(place, reason.removeprefix("Value error, "))
