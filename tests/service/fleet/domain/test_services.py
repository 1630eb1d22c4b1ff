# SPDX-License-Identifier: Apache-2.0
"""Where services run, and what their protocols allow."""

from dataclasses import dataclass, field

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.fleet.domain.services import Placement, check_protocol, describe


@dataclass
class Service:
    """A service as the rules see one."""

    service: str
    project: str = "shop"
    environment: str = "prod"
    node_types: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    protocol: str = "http"
    port: int = 80
    health_path: str | None = None
    scrape_job: str | None = None
    metrics_path: str = "/metrics"


def find(placement: Placement, node_id: str, *belongs: str | None) -> list[str]:
    project, environment, node_type = belongs
    found = placement.find(node_id, project, environment, node_type or "")
    return [service.service for service in found]


def test_a_node_has_services_by_type_and_by_name_each_once() -> None:
    placement = Placement(
        [
            Service("web", node_types=["web", "web"], nodes=["web-1"]),
            Service("all", node_types=["web", "data"]),
            Service("pinned", project="other", nodes=["web-1", "web-1"]),
        ]
    )
    assert find(placement, "web-1", "shop", "prod", "web") == ["all", "pinned", "web"]
    assert find(placement, "web-2", "shop", "prod", "web") == ["all", "web"]
    assert find(placement, "web-3", "shop", "uat", "web") == []
    assert find(placement, "web-4", None, None, "web") == []


def test_a_service_that_names_no_nodes_runs_nowhere() -> None:
    assert Placement([Service("idle")]).is_empty


def test_no_services_are_no_variable() -> None:
    assert describe([]) is None


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_protocol_without_paths_has_none(protocol: str) -> None:
    service = Service("db", protocol=protocol, health_path="/health", scrape_job="db")
    with pytest.raises(BadInput) as caught:
        check_protocol(service)
    assert [fault.field for fault in caught.value.field_errors] == ["health_path", "scrape_job"]
    check_protocol(Service("db", protocol=protocol))
