# SPDX-License-Identifier: Apache-2.0
"""A report of heartbeats names some nodes, and no more than one transaction should write."""

from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.fleet.domain.heartbeats import HeartbeatReport

NAMES = [f"n-{number}" for number in range(1001)]


@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:1000]], ids=len)
def test_some_nodes_may_be_named(names: list[str]) -> None:
    assert HeartbeatReport.model_validate({"nodes": names}).nodes == names


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"nodes": []},
        {"nodes": NAMES},
        {"nodes": ["Web_1"]},
        {"nodes": "web-1"},
        {"nodes": ["web-1"], "at": "2026-11-26T12:00:00Z"},
    ],
    ids=["nothing", "none", "too many", "no name", "no list", "a time of its own"],
)
def test_a_report_that_is_refused(report: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HeartbeatReport.model_validate(report)
