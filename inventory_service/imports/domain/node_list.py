# SPDX-License-Identifier: Apache-2.0
"""A list of nodes in a file, row by row: written by `qm export nodes`, or by a person."""

from pydantic import Field

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.field_types import Address, Label, Line, WireguardKey
from inventory_service.core.json_numbers import read_json
from inventory_service.fleet.domain.nodes import MOST_NODES
from inventory_service.fleet.domain.sizes import Spec
from inventory_service.imports.domain.declared_nodes import DeclaredNode, Row, check_rows

#: What only the service sets: an export has it, an import passes over it.
GIVEN_FIELDS = ("state", "source", "last_seen", "created_at", "updated_at", "revision")


class ListedNode(DeclaredNode):
    """A node as a list declares it: all fields that a registration takes."""

    wireguard_ip: Address | None = None
    wireguard_public_key: WireguardKey | None = None
    wireguard_next_public_key: WireguardKey | None = None
    provider: Label | None = Field(default=None, description="who makes the server")
    provider_id: Line | None = None
    provisioned_spec: Spec | None = None


def read_nodes(content: str) -> list[Row]:
    """Return the nodes of a JSON array, all checked; the first one's address is ``nodes[0]``.

    :raises BadInput: it is no array, it is empty or too long, or a node is invalid; its errors
        name each by its address and field.
    """
    try:
        found = read_json(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_NODES:
        raise BadInput(
            f"The content is no JSON array of 1 to {MOST_NODES} nodes. Send a larger fleet in "
            "parts.",
            field_errors=[FieldError("content", f"must be an array of 1 to {MOST_NODES} objects")],
        )
    return check_rows(((f"nodes[{index}]", node) for index, node in enumerate(found)), ListedNode)
