# SPDX-License-Identifier: Apache-2.0
"""`qm status` against a real service."""

from collections.abc import Callable
from typing import Any

from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_the_fleet_is_shown_at_a_glance(qm: Qm, ask: Ask, mesh: str, service: Any) -> None:
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh)
    found = ask("status")
    assert [found["url"], found["nodes"]["planned"]] == [service.url, 1]
    assert "planned=1" in qm("status").stdout
