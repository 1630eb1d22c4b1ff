# SPDX-License-Identifier: Apache-2.0
"""A heartbeat: a sign of life of a node, which is no change of the fleet."""

from pydantic import Field

from inventory_service.core.field_types import NodeId
from inventory_service.core.inputs import Input


class HeartbeatReport(Input):
    """Nodes that a relay has just seen alive."""

    nodes: list[NodeId] = Field(min_length=1, max_length=1000)
