# SPDX-License-Identifier: Apache-2.0
"""`qm port` against a real service."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def shop(ask: Ask) -> None:
    """Register the project that asks for ports."""
    ask("project", "add", "shop")


def test_the_port_alone_is_printed_and_stays_the_same(qm: Qm) -> None:
    first = qm("port", "shop", "prod", "--base", "3000")
    again = qm("port", "shop", "prod", "--base", "3000")
    assert first.exit_code == 0
    assert 3000 <= int(first.stdout) < 4000
    assert first.stdout == again.stdout


def test_a_port_that_was_taken_is_told(qm: Qm, ask: Ask) -> None:
    ask("port", "shop", "prod", "--base", "3000", "--range", "2")
    ask("port", "shop", "uat", "--base", "3000", "--range", "2")
    assert qm("port", "shop", "test", "--base", "3000", "--range", "2").exit_code == 5


def test_a_range_that_leaves_tcp_is_refused(qm: Qm) -> None:
    assert qm("port", "shop", "prod", "--base", "65000", "--range", "1000").exit_code == 1
