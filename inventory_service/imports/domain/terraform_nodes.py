# SPDX-License-Identifier: Apache-2.0
"""The nodes of a Terraform file, by the convention of docs/terraform.md, all checked."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.imports.domain.declared_nodes import DeclaredNode, Row, check_rows
from inventory_service.imports.domain.terraform_files import (
    OUTPUTS,
    find_output,
    is_state,
    list_servers,
    read_document,
)
from inventory_service.imports.domain.terraform_servers import Skip, Skips, read_server


@dataclass(frozen=True)
class TerraformNodes:
    """The nodes of a file, and what of it was skipped."""

    rows: list[Row]
    skipped: list[Skip]


def read_terraform(content: str) -> TerraformNodes:
    """Return the nodes of a file, all checked.

    :raises BadInput: it is no known kind of file of Terraform, declares no nodes, or one is
        invalid; ``field_errors`` name each by its address and field.
    """
    document = read_document(content)
    output = find_output(document)
    skips = Skips()
    if output is not None:
        found = list(_rows_of_output(*output))
    elif is_state(document):
        servers = [(one.address, read_server(one, skips)) for one in list_servers(document)]
        found = [(address, fields) for address, fields in servers if fields is not None]
    else:
        names = ", ".join(sorted(document)[:10])[:200] or "none"
        raise BadInput(
            f"The outputs hold no '{OUTPUTS[0]}' and no '{OUTPUTS[1]}' (there are: {names}). Add "
            "such an output to the configuration, or hand over the state: `terraform state pull`.",
            field_errors=[FieldError("file", "declares no nodes")],
        )
    return TerraformNodes(check_rows(found, DeclaredNode), skips.all())


def _rows_of_output(name: str, value: object) -> Iterator[tuple[str, Any]]:
    """Yield address and fields of each node of an output: a map by name, or a list."""
    if isinstance(value, dict):
        for node_id, held in value.items():
            fields = {"node_id": node_id, **held} if isinstance(held, dict) else held
            yield f"{name}[{json.dumps(node_id)[:80]}]", fields
    elif isinstance(value, list):
        for index, node in enumerate(value):
            yield f"{name}[{index}]", node
    else:
        raise BadInput(
            f"The output '{name}' is neither a map nor a list of objects.",
            field_errors=[FieldError(name, "must be a map or a list of objects")],
        )
