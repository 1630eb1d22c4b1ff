# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/python.md, as they stand there, against a real service."""

import re
from pathlib import Path
from typing import Any

import pytest

from inventory_service.client.infrastructure_state import InfrastructureState
from inventory_service.client.orchestrator import InfrastructureOrchestrator
from inventory_service.core.actors import Scope
from inventory_service.settings import Settings
from tests.service.cli.commands.conftest import recorder
from tests.service.cli.conftest import Service, home, service
from tests.service.client.conftest import ONE_DATABASE, worker

__all__ = ["home", "recorder", "service", "worker"]
PAGE = Path(__file__).parents[2] / "docs/python.md"
#: The public methods of the first orchestrator and its state.
ORCHESTRATOR = [
    "initialize_system",
    "orchestrate_infrastructure",
    "deploy_to_uat",
    "deploy_to_prod",
    "scale_project",
    "start_health_monitoring",
    "get_infrastructure_status",
    "emergency_recovery",
    "cleanup_infrastructure",
    "update_administrator_ip",
    "get_service_discovery_info",
]
STATE = [
    "save_state",
    "add_droplet",
    "update_droplet_ip",
    "remove_droplet",
    "get_droplet",
    "get_all_droplets",
    "get_droplets_by_role",
    "add_project_service",
    "remove_project_service",
    "get_project_services",
    "get_all_projects",
    "get_service_name",
    "get_services_on_droplet",
    "get_load_balancer_targets",
    "get_monitored_by",
    "generate_resource_hash",
    "get_hash_based_port",
    "update_heartbeat_config",
    "get_heartbeat_config",
    "get_master_droplet",
    "get_web_droplets",
    "validate_state",
    "get_summary",
]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Of a service with a playbook of its own, and those of the collection."""
    fleet = "collections/ansible_collections/quartermaster/fleet/playbooks"
    for path in ("playbooks/site.yml", f"{fleet}/provision.yml", f"{fleet}/site.yml"):
        file = tmp_path / "checkout" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[]\n", "utf-8")
    folder = tmp_path / "checkout"
    return Settings(database_url=database_url, log_level="error", playbooks_dir=folder)


@ONE_DATABASE
@pytest.mark.usefixtures("worker")
def test_the_examples_of_the_page_do_what_it_says(
    service: Service,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    token = service.tokens[Scope.ADMIN]
    monkeypatch.setenv("QM_URL", service.url)
    monkeypatch.setenv("QM_TOKEN", token)
    profile = home / ".config/quartermaster/config.ini"
    profile.parent.mkdir(parents=True)
    profile.write_text(f"[staging]\nurl = {service.url}\ntoken = {token}\n", "utf-8")
    profile.chmod(0o600)
    names: dict[str, Any] = {}
    text = PAGE.read_text("utf-8")
    examples = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert examples
    for example in examples:
        line = text.count("\n", 0, example.start()) + 1
        code = compile("\n" * line + example[1], PAGE, "exec")
        exec(code, names)  # noqa: S102 (the examples of our own page)


@pytest.mark.parametrize(
    ("kind", "names"), [(InfrastructureOrchestrator, ORCHESTRATOR), (InfrastructureState, STATE)]
)
def test_each_method_that_is_known_is_there_or_left_out_with_a_reason(
    kind: type, names: list[str]
) -> None:
    table = PAGE.read_text("utf-8").split("| left out | why |")[1]
    left_out = set(re.findall(r"`(\w+)`", table))
    assert {name for name in names if hasattr(kind, name)} == set(names) - left_out
