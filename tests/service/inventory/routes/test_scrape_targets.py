# SPDX-License-Identifier: Apache-2.0
"""Prometheus gets a list for http_sd: all nodes, or the services of one job."""

import pytest

from tests.service.conftest import Caller

PATH = "/api/v1/prometheus/targets"
pytestmark = pytest.mark.usefixtures("cluster")


def test_targets_are_what_http_sd_takes(fleet: Caller) -> None:
    targets = fleet.get(f"{PATH}?port=9200&address=wireguard_ip&state=active")
    assert targets == [
        {
            "targets": ["10.90.0.3:9200"],
            "labels": {
                "__meta_quartermaster_node_id": "n-active",
                "__meta_quartermaster_node_type": "web",
                "__meta_quartermaster_cluster_id": "main",
                "__meta_quartermaster_region": "lon1",
                "__meta_quartermaster_env": "prod",
                "__meta_quartermaster_project": "shop",
                "__meta_quartermaster_state": "active",
            },
        }
    ]


def test_without_a_port_each_node_has_the_one_of_node_exporter(fleet: Caller) -> None:
    (target,) = fleet.get(f"{PATH}?state=active")
    assert target["targets"] == ["10.0.0.3:9100"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("port=0", 422),
        ("port=65536", 422),
        ("address=vars", 422),
        ("jobs=api", 422),
        ("job=none", 404),
    ],
)
def test_what_selects_nothing_that_exists_is_refused(
    fleet: Caller, query: str, status: int
) -> None:
    """An empty list would take all targets away from Prometheus."""
    fleet.get(f"{PATH}?{query}", status=status)


@pytest.mark.parametrize("port", [1, 65535])
def test_each_tcp_port_can_be_scraped(fleet: Caller, port: int) -> None:
    (target,) = fleet.get(f"{PATH}?state=active&port={port}")
    assert target["targets"] == [f"10.0.0.3:{port}"]
