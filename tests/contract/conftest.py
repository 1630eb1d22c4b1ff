# SPDX-License-Identifier: Apache-2.0
"""The real service with a fleet, a service that misbehaves, and Ansible, for the contract tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import CORES, Ansible, get_core
from tests.contract.processes import Service, running_service
from tests.unit.plugins.conftest import columns, loopback

__all__ = ["columns", "loopback"]

CLUSTERS = [
    {"cluster_id": "main", "cluster_type": "central", "mesh_prefix": "10.90.0.0/24"},
    {"cluster_id": "edge-1", "cluster_type": "edge", "mesh_prefix": "10.91.0.0/24"},
]
KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#: Values that a fleet really has, and values that only somebody with bad intent would give.
VARIABLES: dict[str, Any] = {
    "motto": "Zażółć gęślą jaźń — 日本語 🚢",
    "nothing": None,
    "flag": False,
    "ratio": 1.5,
    "big": 2**53,
    "text_number": "0123",
    "yes_text": "yes",
    "empty": "",
    "lines": "one\ntwo\n",
    "other_meanings": ["=", "<<", "~", "1_000", "1e3", "true\n", "2026-11-26", "null"],
    "nested": [{"disks": ["sda", {"size": 10, "tags": []}]}, [], {}, "{{ 1 }}"],
    "template": "{{ lookup('pipe', 'id') }}",
    "quotes": "\"'\\ <>&",
    "ansible_port": 2222,
    "ansible_user": "deploy",
}
NODES: list[dict[str, Any]] = [
    {"node_id": "control-1", "node_type": "control", "region": "fsn1", "internal_ip": "10.0.0.1"},
    {"node_id": "data-1", "node_type": "data", "region": "fsn1", "internal_ip": "10.0.0.2"},
    {"node_id": "data-2", "node_type": "data", "region": "hel1", "external_ip": "192.0.2.2"},
    {
        "node_id": "media-1",
        "node_type": "media",
        "cluster_id": "edge-1",
        "external_ip": "2001:db8::3",
        "vars": VARIABLES,
    },
    {"node_id": "web-1", "node_type": "web-front", "labels": {"rack": "a1", "who": "Łucja"}},
    {"node_id": "spare", "node_type": "web-front", "spec": "s-2vcpu-4gb"},
]
FULL = {
    "environment": "prod",
    "project": "shop",
    "internal_ip": "10.0.9.9",
    "external_ip": "2001:db8::9",
    "wireguard_public_key": KEY,
    "provider": "docker",
    "provider_id": "0f1e:2d",
    "spec": "s-1vcpu-1gb",
}
#: On all nodes of a type, and on one of another cluster.
API_OF_SHOP = {
    "service": "shop-api",
    "project": "shop",
    "environment": "prod",
    "node_types": ["web-front"],
    "nodes": ["media-1"],
    "port": 8080,
    "health_path": "/health?deep=1",
}
STATES = {
    "control-1": ("provisioning", "active"),
    "data-1": ("provisioning", "active", "maintenance"),
    "data-2": ("provisioning", "failed"),
    "media-1": ("provisioning", "active"),
    "web-1": ("provisioning", "active"),
}


def register_fleet(service: Service) -> None:
    """Make the clusters, the project, the nodes, and take the nodes through their lives."""
    for cluster in CLUSTERS:
        service.call("POST", "/api/v1/clusters", {"region": "fsn1", **cluster})
    service.call("POST", "/api/v1/projects", {"project": "shop"})
    for node in NODES:
        full = FULL if node["node_id"] == "web-1" else {}
        service.call("POST", "/api/v1/nodes", {"cluster_id": "main", **full, **node})
    service.call("POST", "/api/v1/services", API_OF_SHOP)
    for name, states in STATES.items():
        for state in states:
            body = {"state": state, "reason": "as the test says"}
            service.call("POST", f"/api/v1/nodes/{name}/transitions", body)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a running service with a fleet that no test changes, open to readers."""
    folder = tmp_path_factory.mktemp("service")
    with running_service(folder, QM_ANONYMOUS_READ="true") as running:
        register_fleet(running)
        yield running


@pytest.fixture(params=CORES)
def ansible(request: pytest.FixtureRequest, tmp_path: Path) -> Ansible:
    """Return an Ansible with no service yet."""
    return Ansible(get_core(request.param), tmp_path)


@pytest.fixture
def with_fleet(ansible: Ansible, service: Service) -> Ansible:
    """Return an Ansible that reaches the service with the fleet."""
    ansible.settings = service.environment
    return ansible
