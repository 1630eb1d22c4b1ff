# SPDX-License-Identifier: Apache-2.0
"""`InfrastructureOrchestrator` records projects.csv, and orders the runs that make it so."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from inventory_service.client import Client, Conflict, InvalidName, NotSupported
from inventory_service.client.orchestrator import InfrastructureOrchestrator
from inventory_service.client.project_table import HEAD
from inventory_service.settings import Settings
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE
TABLE = (
    "Project,Servers,MasterSpec,WebSpec\n"
    "shop,3,s-2vcpu-4gb,s-1vcpu-1gb\n"
    "blog,1,s-1vcpu-1gb,s-1vcpu-1gb\n"
)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Of a service with the playbooks of the collection."""
    playbooks = tmp_path / "checkout/collections/ansible_collections/quartermaster/fleet/playbooks"
    playbooks.mkdir(parents=True)
    for name in ("provision", "site"):
        (playbooks / f"{name}.yml").write_text("[]\n", "utf-8")
    folder = tmp_path / "checkout"
    return Settings(database_url=database_url, log_level="error", playbooks_dir=folder)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a folder with a projects.csv."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "projects.csv").write_text(TABLE, "utf-8")
    return folder


@pytest.fixture
def orchestrator(api: Client, config: Path) -> InfrastructureOrchestrator:
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    return InfrastructureOrchestrator(str(config), client=api, timeout_s=30)


def states(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(run["template"], run["state"]) for run in result["runs"]]


@pytest.mark.usefixtures("worker")
def test_what_the_file_declares_is_recorded_and_made(
    orchestrator: InfrastructureOrchestrator, api: Client
) -> None:
    result = orchestrator.orchestrate_infrastructure()
    assert (result["success"], states(result)) == (True, [("provision", "successful")])
    assert len(result["plan"]["add"]) == 4
    assert len(list(api.nodes.iterate(state=["planned"]))) == 4
    # What the run would have done.
    for number, node in enumerate(list(api.nodes.iterate()), 1):
        api.nodes.change(node["node_id"], internal_ip=f"10.0.0.{number}")
        api.nodes.move(node["node_id"], "provisioning")
        api.nodes.move(node["node_id"], "active")
    again = orchestrator.orchestrate_infrastructure()
    assert (again["plan"]["add"], states(again)) == ([], [("site", "successful")])


@pytest.mark.usefixtures("worker")
def test_a_project_is_scaled_in_the_file_and_in_the_service(
    orchestrator: InfrastructureOrchestrator, api: Client, config: Path
) -> None:
    orchestrator.orchestrate_infrastructure()
    orchestrator.scale_project("shop", 5)
    file = config / "projects.csv"
    assert file.read_text("utf-8") == TABLE.replace("shop,3", "shop,5")
    assert len(list(api.nodes.iterate(project=["shop"]))) == 5
    # More than a third: the number is known here.
    result = orchestrator.scale_project("shop", 1)
    assert len(result["plan"]["retire"]) == 4
    assert result["next_steps"] == ["ansible-playbook quartermaster.fleet.retire"]
    assert len(list(api.nodes.iterate(project=["shop"]))) == 1
    file.write_text(TABLE.replace("shop,3", "shop,0"), "utf-8")
    with pytest.raises(Conflict, match="more than a third"):
        orchestrator.orchestrate_infrastructure()


def test_a_plan_that_is_not_agreed_to_changes_nothing(
    orchestrator: InfrastructureOrchestrator, api: Client, config: Path
) -> None:
    def refuse(plan: dict[str, Any]) -> None:
        raise RuntimeError(len(plan["add"]))

    careful = InfrastructureOrchestrator(str(config), client=api, confirm=refuse)
    with pytest.raises(RuntimeError, match="6"):
        careful.scale_project("shop", 5)
    assert (config / "projects.csv").read_text("utf-8") == TABLE
    assert list(api.nodes.iterate()) == list(api.runs.iterate()) == []
    with pytest.raises(InvalidName, match="'wiki' has no line"):
        orchestrator.scale_project("wiki", 2)


def test_a_run_that_does_not_succeed_is_the_last_one(
    orchestrator: InfrastructureOrchestrator, api: Client
) -> None:
    notices: list[str] = []

    def cancel(sentence: str) -> None:
        notices.append(sentence)
        api.runs.cancel(int(sentence.split()[1]))

    api.nodes.register("web-1", node_type="web", cluster_id="main", internal_ip="10.0.0.1")
    for state in ("provisioning", "active"):
        api.nodes.move("web-1", state)
    folder = str(orchestrator.config_dir)
    result = InfrastructureOrchestrator(
        folder, client=api, notice=cancel
    ).orchestrate_infrastructure()
    assert (result["success"], states(result)) == (False, [("provision", "cancelled")])
    assert notices == [f"Run {result['runs'][0]['id']} (provision) is ordered: qm run follow 1"]


def test_what_is_missing_is_named(api: Client, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    orchestrator = InfrastructureOrchestrator(str(folder), client=api)
    first = orchestrator.initialize_system()
    assert (folder / "projects.csv").read_text("utf-8") == HEAD
    assert first["created"] == [str(folder / "projects.csv")]
    assert [issue.split(":")[0] for issue in first["issues"]] == [
        "there is no cluster for new servers",
        f"{folder / 'projects.csv'} declares no project",
    ]
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    (folder / "projects.csv").write_text(TABLE.replace("shop,3", "shop,many"), "utf-8")
    (issue,) = orchestrator.initialize_system()["issues"]
    assert f"{folder / 'projects.csv'}, line 2: Servers: " in issue
    (folder / "projects.csv").write_text(TABLE, "utf-8")
    api.templates.retire("site", reason="a test")
    found = orchestrator.initialize_system()
    assert (found["success"], found["created"], found["issues"]) == (True, [], [])


def test_a_playbook_that_is_not_there_is_named(
    orchestrator: InfrastructureOrchestrator, tmp_path: Path
) -> None:
    (playbook,) = tmp_path.rglob("playbooks/site.yml")
    playbook.unlink()
    (issue,) = orchestrator.initialize_system()["issues"]
    assert issue.startswith("template site can't be run")


def test_the_status_and_where_services_answer(
    orchestrator: InfrastructureOrchestrator, api: Client
) -> None:
    api.projects.register("shop")
    for number in (1, 2):
        address = f"10.0.0.{number}" if number == 1 else None
        api.nodes.register(f"web-{number}", node_type="web", cluster_id="main", internal_ip=address)
    nodes = ["web-1", "web-2"]
    api.services.register(
        "shop-prod-api", project="shop", environment="prod", port=8001, nodes=nodes
    )
    assert orchestrator.get_service_discovery_info("shop", "prod") == {
        "project": "shop",
        "environment": "prod",
        "services": {
            "api": {
                "name": "shop-prod-api",
                "port": 8001,
                "protocol": "http",
                "assigned_droplets": nodes,
                "endpoints": ["10.0.0.1:8001"],
            }
        },
    }
    api.templates.register(
        "shop", playbook="quartermaster.fleet.site", filters={"state": ["planned"]}
    )
    run = api.runs.order("shop")
    status = orchestrator.get_infrastructure_status()
    assert list(status["droplets"]) == nodes
    assert list(status["projects"]) == ["shop-prod"]
    assert [one["id"] for one in status["runs"]] == [run["id"]]
    assert (status["issues"], status["service"]) == ([], api.read_status())


def test_what_there_is_no_capability_for_is_refused_and_left_out(
    orchestrator: InfrastructureOrchestrator,
) -> None:
    with pytest.raises(NotSupported, match="force_recreate"):
        orchestrator.orchestrate_infrastructure(force_recreate=True)
    public = {name for name, _ in inspect.getmembers(InfrastructureOrchestrator) if name[0] != "_"}
    left_out = {"deploy_to_uat", "deploy_to_prod", "start_health_monitoring", "emergency_recovery"}
    assert public.isdisjoint(left_out | {"cleanup_infrastructure", "update_administrator_ip"})
