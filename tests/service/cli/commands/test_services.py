# SPDX-License-Identifier: Apache-2.0
"""`qm service` against a real service."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def project(ask: Ask) -> None:
    ask("project", "add", "shop")


def add(ask: Ask, *words: str) -> Any:
    return ask("service", "add", "api", "--project", "shop", "--environment", "prod", *words)


def test_a_service_is_added_changed_and_retired(ask: Ask) -> None:
    made = add(ask, "--node-type", "web", "--node-type", "data", "--health-path", "/health")
    assert made["node_types"] == ["web", "data"]
    ask("service", "set", "api", "--node-type", "", "--health-path", "", "--scrape-job", "api")
    found = ask("service", "show", "api")
    assert [found["node_types"], found["health_path"], found["scrape_job"]] == [[], None, "api"]
    assert ask("service", "retire", "api", "--reason", "closed", "--yes")["retired_at"]
    assert [service["service"] for service in ask("service", "list")] == ["api"]


def test_its_port_is_the_one_that_qm_port_tells(qm: Qm, ask: Ask) -> None:
    made = add(ask, "--port-base", "8000", "--port-range", "1000")
    words = ("port", "shop", "prod", "--service", "api", "--base", "8000")
    assert qm(*words).stdout == f"{made['port']}\n"


def test_a_node_that_is_none_is_named(qm: Qm, ask: Ask) -> None:
    add(ask)
    result = qm("service", "set", "api", "--node", "web-9")
    assert result.exit_code == 1
    assert "--node 0: node 'web-9' is not known or retired" in result.stderr


def test_nothing_to_change_is_wrong_usage(qm: Qm, ask: Ask) -> None:
    add(ask)
    assert qm("service", "set", "api", "--reason", "none").exit_code == 2
