# SPDX-License-Identifier: Apache-2.0
"""A heartbeat: a sign of life of a node, which is no change of the fleet."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from inventory_service.domain.words import NodeId

#: Clocks of two service processes differ by less than this.
_CLOCK_SKEW = timedelta(minutes=1)


class HeartbeatReport(BaseModel):
    """Nodes that somebody who watches them has seen just now."""

    model_config = ConfigDict(extra="forbid")

    nodes: list[NodeId] = Field(min_length=1, max_length=1000)


def get_clock_limit(now: datetime) -> datetime:
    """Return up to when a node may have been seen already; what is later comes of a wrong clock.

    So that a node is never seen earlier than before, except where a clock was far ahead.
    """
    return now + _CLOCK_SKEW
