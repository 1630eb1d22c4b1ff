# SPDX-License-Identifier: Apache-2.0
"""A fleet with a node in each state."""

import pytest

from tests.service.conftest import Caller, make_node


@pytest.fixture
def fleet(operator: Caller) -> Caller:
    operator.post("/api/v1/projects", {"project": "shop"})
    for number, state in enumerate(
        ["planned", "provisioning", "active", "maintenance", "failed", "retired"], start=1
    ):
        make_node(
            operator,
            f"n-{state}",
            state=state,
            internal_ip=f"10.0.0.{number}",
            project="shop",
            environment="prod",
            region="lon1",
            vars={"motd": "{{ lookup('pipe', 'id') }}"},
        )
    return operator
