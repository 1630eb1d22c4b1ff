# SPDX-License-Identifier: Apache-2.0
"""`InfrastructureState` shows and changes what the service has, in the words of droplets."""

import inspect
import json
from pathlib import Path

import pytest

from inventory_service.client import Client, Conflict, InvalidName, NotSupported
from inventory_service.client.infrastructure_state import InfrastructureState
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


@pytest.fixture
def state(api: Client, tmp_path: Path) -> InfrastructureState:
    """Return the state of a fleet with a master and two web droplets."""
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    found = InfrastructureState(str(tmp_path / "config/infrastructure.json"), client=api)
    found.add_droplet("master1", "192.168.1.10", "s-2vcpu-4gb", "lon1", "master")
    found.add_droplet("web1", "192.168.1.11", "s-1vcpu-1gb", "lon1", "web")
    found.add_droplet("web2", "203.0.113.2", "s-1vcpu-1gb", "lon1", "web")
    return found


def test_droplets_are_added_shown_changed_and_removed(state: InfrastructureState) -> None:
    assert state.get_droplet("web1") == {
        "ip": "192.168.1.11",
        "size": "s-1vcpu-1gb",
        "region": "lon1",
        "role": "web",
        "state": "active",
    }
    assert state.get_master_droplet() == state.get_droplet("master1")
    assert list(state.get_all_droplets()) == ["master1", "web1", "web2"]
    assert list(state.get_web_droplets()) == ["web1", "web2"]
    assert list(state.get_droplets_by_role("master")) == ["master1"]
    state.update_droplet_ip("web1", "192.168.1.99")
    assert (state.get_droplet("web1") or {})["ip"] == "192.168.1.99"
    state.remove_droplet("web2")
    assert state.get_droplet("web2") is None
    assert state.get_droplet("nobody") is None
    assert list(state.get_web_droplets()) == ["web1"]
    with pytest.raises(Conflict):
        state.add_droplet("web1", "192.168.1.12", "s-1vcpu-1gb", "lon1", "web")


def test_the_services_of_the_seeds_example(state: InfrastructureState) -> None:
    state.add_project_service("hostomatic-prod", "backend", 8001, ["web1", "web2"])
    assert state.get_load_balancer_targets("hostomatic-prod", "backend") == [
        "192.168.1.11:8001",
        "203.0.113.2:8001",
    ]
    state.add_project_service(
        "hostomatic-prod", "db", None, ["master1"], {"protocol": "tcp", "description": "x"}
    )
    services = state.get_project_services("hostomatic-prod")
    assert services["backend"] == {
        "port": 8001,
        "protocol": "http",
        "assigned_droplets": ["web1", "web2"],
    }
    assert (services["db"]["protocol"], services["db"]["port"] > 0) == ("tcp", True)
    assert state.get_all_projects() == {"hostomatic-prod": {"services": services}}
    assert state.get_service_name("hostomatic-prod", "db") == "hostomatic-prod-db"
    assert state.get_services_on_droplet("web1") == ["hostomatic-prod-backend"]
    # Only web droplets are targets of a load balancer.
    assert state.get_load_balancer_targets("hostomatic-prod", "db") == []
    state.remove_project_service("hostomatic-prod", "backend")
    assert list(state.get_project_services("hostomatic-prod")) == ["db"]
    assert state.get_project_services("hostomatic-uat") == {}


def test_a_project_names_its_environment(state: InfrastructureState) -> None:
    for name in ("hostomatic", "hostomatic-nowhere", "-prod"):
        with pytest.raises(InvalidName, match="names no environment") as caught:
            state.add_project_service(name, "backend")
        assert f"{name}-prod" in caught.value.next_step


def test_what_there_is_no_capability_for_is_refused_and_left_out(
    state: InfrastructureState, api: Client
) -> None:
    with pytest.raises(NotSupported, match="monitors"):
        state.add_droplet("web3", "10.0.0.3", "s-1", "lon1", "web", ["web1"])
    assert state.get_droplet("web3") is None
    api.clusters.register("other", mesh_prefix="10.91.0.0/28")
    with pytest.raises(NotSupported, match="there are 2"):
        state.add_droplet("web3", "10.0.0.3", "s-1", "lon1", "web")
    public = {name for name, _ in inspect.getmembers(InfrastructureState) if name[0] != "_"}
    assert public.isdisjoint(
        {"get_monitored_by", "update_heartbeat_config", "get_heartbeat_config"}
    )


def test_ports_and_hashes_are_the_same_each_time(state: InfrastructureState, api: Client) -> None:
    assert state.generate_resource_hash("shop", "prod") == "f44cc4ca"
    hashes = {state.generate_resource_hash(*names) for names in (("a-b", "c"), ("a", "b-c"))}
    assert len(hashes) == 2
    api.projects.register("shop")
    ports = {state.get_hash_based_port("shop", "prod", 8000, 1000) for _ in range(2)}
    assert len(ports) == 1
    assert 8000 <= ports.pop() < 9000


def test_what_is_wrong_is_listed(state: InfrastructureState, api: Client) -> None:
    assert state.validate_state() == []
    state.add_project_service("shop-prod", "api", assigned_droplets=["web2"])
    api.nodes.move("web1", "failed", reason="a test")
    api.nodes.change("master1", internal_ip=None)
    state.remove_droplet("web2")
    assert state.validate_state() == [
        "droplet web1 has failed",
        "droplet master1 is active and has no address",
        "service shop-prod-api runs on no droplet",
    ]


def test_the_file_is_a_copy_of_what_the_service_has(state: InfrastructureState) -> None:
    state.add_project_service("shop-prod", "api", assigned_droplets=["web2"])
    assert not state.state_file.exists()
    state.save_state()
    assert json.loads(state.state_file.read_text("utf-8")) == {
        "droplets": state.get_all_droplets(),
        "projects": state.get_all_projects(),
    }


def test_the_summary_counts(state: InfrastructureState) -> None:
    state.add_project_service("shop-prod", "api", assigned_droplets=["web2"])
    assert state.get_summary() == {
        "droplets": 3,
        "droplets_by_role": {"master": 1, "web": 2},
        "droplets_by_state": {"active": 3},
        "projects": ["shop-prod"],
        "services": 1,
    }
