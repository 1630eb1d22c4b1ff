# SPDX-License-Identifier: Apache-2.0
"""The nodes of a Terraform file, by the convention of docs/terraform.md, all checked."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.imports.domain.declared_nodes import (
    DeclaredNode,
    Row,
    check_rows,
    note_keywords,
)
from inventory_service.imports.domain.skips import Skip, Skips
from inventory_service.imports.domain.terraform_files import (
    OUTPUTS,
    find_output,
    is_other_output,
    is_state,
    list_servers,
    read_document,
)
from inventory_service.imports.domain.terraform_servers import read_server


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
        if is_other_output(document):
            reason = "has no object in it, so that the servers of the state are read instead"
            skips.note(f"output {OUTPUTS[1]}", reason, "warning")
        servers = [(one.address, read_server(one, skips)) for one in list_servers(document)]
        found = [(address, fields) for address, fields in servers if fields is not None]
    else:
        names = ", ".join(sorted(document)[:10])[:200] or "none"
        raise BadInput(
            f"The outputs hold no '{OUTPUTS[0]}' and no '{OUTPUTS[1]}' (there are: {names}). Add "
            "such an output to the configuration, or hand over the state: `terraform state pull`.",
            field_errors=[FieldError("file", "declares no nodes")],
        )
    rows = check_rows(found, DeclaredNode)
    note_keywords(rows, skips)
    return TerraformNodes(rows, skips.all())


def _rows_of_output(name: str, value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield address and fields of each node of an output: a map by name, or a list.

    :raises BadInput: it has another shape; an output of that name may be about something else.
    """
    keyed: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        keyed = value.items()
    elif isinstance(value, list):
        keyed = enumerate(value)
    else:
        raise _refuse_output(name, [FieldError(name, "must be a map or a list of objects")])
    field_errors = []
    for key, held in keyed:
        address = f"{name}[{json.dumps(key)[:80]}]"
        if not isinstance(held, dict):
            field_errors.append(FieldError(address, "must be an object"))
        else:
            yield address, held if isinstance(value, list) else {"node_id": key, **held}
    if field_errors:
        raise _refuse_output(name, field_errors)


def _refuse_output(name: str, field_errors: list[FieldError]) -> BadInput:
    return BadInput(
        f"The output '{name}' is no map and no list of objects, each with the fields of a node. If "
        f"it is about something else, declare the nodes in an output '{OUTPUTS[0]}': it is read "
        "instead.",
        field_errors=field_errors,
    )
