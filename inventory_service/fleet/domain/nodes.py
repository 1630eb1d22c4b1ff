# SPDX-License-Identifier: Apache-2.0
"""A node: a machine of the fleet, its fields, and the transitions between its states."""

import enum
from collections.abc import Mapping

from pydantic import Field

from inventory_service.core.errors import Conflict
from inventory_service.core.field_types import (
    MOST_LABELS,
    Address,
    Label,
    Labels,
    Line,
    NodeId,
    NodeType,
    Reason,
    SSHKey,
    WireguardKey,
)
from inventory_service.core.inputs import Input
from inventory_service.core.variables import Variables
from inventory_service.fleet.domain.sizes import Spec


class NodeState(enum.StrEnum):
    """The state of a node; the values are stored as they are."""

    PLANNED = "planned"  # wanted; no server yet
    PROVISIONING = "provisioning"  # its server is being made
    ACTIVE = "active"  # in service; playbooks manage it
    MAINTENANCE = "maintenance"  # taken out of service by a person
    FAILED = "failed"  # it does not do its work
    RETIRED = "retired"  # its address rests in quarantine; only a restoration brings it back


class Verb(enum.StrEnum):
    """How a node gets from one state to another; the values are the actions in the audit."""

    TRANSITION = "move"
    RESTORATION = "restore"


#: The one table of legal transitions: by verb, from each state, to which states.
TRANSITIONS: Mapping[Verb, Mapping[NodeState, frozenset[NodeState]]] = {
    Verb.TRANSITION: {
        NodeState.PLANNED: frozenset({NodeState.PROVISIONING, NodeState.RETIRED}),
        NodeState.PROVISIONING: frozenset({NodeState.ACTIVE, NodeState.FAILED, NodeState.RETIRED}),
        NodeState.ACTIVE: frozenset({NodeState.MAINTENANCE, NodeState.FAILED, NodeState.RETIRED}),
        NodeState.MAINTENANCE: frozenset({NodeState.ACTIVE, NodeState.FAILED, NodeState.RETIRED}),
        NodeState.FAILED: frozenset(
            {NodeState.PROVISIONING, NodeState.MAINTENANCE, NodeState.ACTIVE, NodeState.RETIRED}
        ),
    },
    Verb.RESTORATION: {
        NodeState.RETIRED: frozenset({NodeState.PLANNED, NodeState.MAINTENANCE}),
    },
}

#: Nodes that have a server and belong into an inventory.
IN_SERVICE = (NodeState.ACTIVE, NodeState.MAINTENANCE, NodeState.FAILED)
#: Nodes that are not retired.
LIVE = tuple(state for state in NodeState if state is not NodeState.RETIRED)


def check_transition(node_id: str, verb: Verb, current: NodeState, wanted: NodeState) -> None:
    """Raise Conflict if the table has no such transition; the message lists those that it has."""
    ends = TRANSITIONS[verb].get(current, frozenset())
    if wanted in ends:
        return
    if verb is Verb.RESTORATION:
        raise Conflict(f"Node '{node_id}' is {current}; only a retired node can be restored.")
    hint = (
        f"From {current} it can go to {', '.join(sorted(ends))}."
        if ends
        else f"`qm node restore {node_id}` brings it back."
    )
    raise Conflict(f"Node '{node_id}' is {current} and can't become {wanted}. {hint}")


def get_restored_state(*, has_server: bool) -> NodeState:
    """Return the state that a restoration leads to: maintenance if the server still exists.

    A person ends the maintenance, who has looked at what happened to the server meanwhile.
    """
    return NodeState.MAINTENANCE if has_server else NodeState.PLANNED


class NodeChange(Input):
    """The fields of a node that can change; what is left out stays, null clears a field."""

    node_type: NodeType | None = Field(
        default=None, description="control, data, media, web, master …"
    )
    cluster_id: Label | None = Field(
        default=None, description="moving a node gives it an address of the new cluster's mesh"
    )
    region: Label | None = None
    environment: Label | None = None
    project: Label | None = None
    internal_ip: Address | None = None
    external_ip: Address | None = None
    wireguard_ip: Address | None = Field(
        default=None, description="given by the service if left out; must lie in the mesh prefix"
    )
    wireguard_public_key: WireguardKey | None = None
    wireguard_next_public_key: WireguardKey | None = Field(
        default=None, description="the key that a rotation changes to; its peers accept both"
    )
    provider: Label | None = None
    provider_id: Line | None = None
    spec: Spec | None = Field(default=None, description="the size that is wanted")
    provisioned_spec: Spec | None = Field(default=None, description="the size that it has")
    image: Line | None = None
    ssh_host_keys: list[SSHKey] = Field(default_factory=list, max_length=8)
    labels: Labels = Field(default_factory=dict, max_length=MOST_LABELS)
    vars: Variables = Field(default_factory=dict, max_length=256)
    reason: Reason | None = Field(default=None, description="stored in the audit record")


class NodeRegistration(NodeChange):
    """The fields of a new node; its first state is planned."""

    node_id: NodeId
    node_type: NodeType
    cluster_id: Label


#: How many nodes one request registers.
MOST_NODES = 10_000


class BulkRegistration(Input):
    """Nodes that are registered together, or not at all."""

    nodes: list[NodeRegistration] = Field(min_length=1, max_length=MOST_NODES)


class TransitionRequest(Input):
    """The next state of a node, and why it changes."""

    state: NodeState
    reason: Reason | None = None


class RestorationRequest(Input):
    """Why a retired node comes back."""

    reason: Reason | None = None


#: Fields that a change can't clear.
REQUIRED = ("node_type", "cluster_id", "ssh_host_keys", "labels", "vars")
