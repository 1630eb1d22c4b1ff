# SPDX-License-Identifier: Apache-2.0
"""Which nodes of a graph are marked as silent."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.cli.formats.graph import SILENT_AFTER, group_nodes

MOMENT = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("state", "age", "is_silent"),
    [
        ("active", None, False),
        ("active", SILENT_AFTER - MOMENT, False),
        ("active", SILENT_AFTER + MOMENT, True),
        ("maintenance", SILENT_AFTER + MOMENT, False),
    ],
)
def test_an_active_node_whose_heartbeats_ended_is_silent(
    state: str, age: timedelta | None, *, is_silent: bool
) -> None:
    seen = None if age is None else (datetime.now(UTC) - age).isoformat()
    node = {"node_id": "a", "cluster_id": "main", "state": state, "last_seen": seen}
    (group,) = group_nodes([node], "cluster", [])
    assert [member.is_silent for member in group.members] == [is_silent]
