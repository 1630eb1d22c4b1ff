# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider `docker` keeps the contract of all providers, on a real engine."""

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.registry import (
    PROVIDERS,
)

from tests.contract.providers.cases import CASES, World

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_docker_keeps_the_contract(lab: Any, case: Callable[[World], None]) -> None:
    params = {"docker_host": lab.docker_host, "docker_network": lab.network, "timeout": 120}
    case(World("docker", PROVIDERS["docker"].from_params(params), lab.image))
