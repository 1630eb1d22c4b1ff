# SPDX-License-Identifier: Apache-2.0
"""Each inventory shows its environment of the running service, and can not touch another one's."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.processes import Service, clean_environment, running_service

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv" / "bin"
ENVIRONMENTS = {"web-prod": "prod", "web-staging": "staging", "web-uat": "uat"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("inventories")) as service:
        service.call(
            "POST", "/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"}
        )
        for number, (name, environment) in enumerate(ENVIRONMENTS.items(), start=1):
            body = {"node_id": name, "node_type": "web", "cluster_id": "main", "region": "lon1"}
            address = f"192.0.2.{number}"
            service.call(
                "POST",
                "/api/v1/nodes",
                {**body, "environment": environment, "internal_ip": address},
            )
            for state in ("provisioning", "active"):
                service.call("POST", f"/api/v1/nodes/{name}/transitions", {"state": state})
        yield service


def run(program: str, *words: str | Path, folder: Path, service: Service, **more: str) -> Any:
    environment = clean_environment(
        **more,
        **service.environment,
        QM_CONFIG=str(folder / "config.ini"),
        QM_CACHE_DIR=str(folder / "cache"),
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(folder / "facts"),
        PATH=f"{BIN}:{os.environ['PATH']}",
    )
    return subprocess.run(
        [BIN / program, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def listed(inventory: Path, folder: Path, service: Service) -> dict[str, Any]:
    done = run("ansible-inventory", "-i", inventory, "--list", folder=folder, service=service)
    assert done.returncode == 0, done.stderr
    variables: dict[str, Any] = json.loads(done.stdout)["_meta"]["hostvars"]
    return variables


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("local", {"web-prod", "web-staging", "web-uat"}),
        ("staging", {"web-staging"}),
        ("prod", {"web-prod"}),
    ],
)
def test_an_inventory_shows_its_environment_with_checked_host_keys(
    tmp_path: Path, service: Service, name: str, expected: set[str]
) -> None:
    found = listed(ROOT / "inventory" / name, tmp_path, service)

    assert set(found) == expected
    for variables in found.values():
        assert "StrictHostKeyChecking=yes" in variables["ansible_ssh_common_args"]


def find_ssh_options(output: str) -> list[dict[str, str]]:
    """Return the options of each ssh that Ansible called, as ssh itself understands them."""
    found = []
    for line in re.findall(r"SSH: EXEC (ssh .* 127\.0\.0\.1) '", output):
        words = ["ssh", "-G", *shlex.split(line)[1:]]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        found.append(dict(option.split(" ", 1) for option in told.splitlines()))
    return found


PING = ("ansible", "all", "-m", "ping")
#: Of a delegated task, `inventory_hostname` is the name of another host.
DELEGATED_PING = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
      delegate_to: "{{ item }}"
      loop: "{{ groups['all'] }}"
      ignore_unreachable: true
"""


@pytest.mark.parametrize("is_delegated", [False, True])
@pytest.mark.parametrize("name", ["local", "staging", "prod"])
def test_ssh_knows_a_host_by_its_name_alone_and_shares_no_connection_with_another(
    tmp_path: Path, service: Service, name: str, *, is_delegated: bool
) -> None:
    """Two nodes may have the same address: each is accepted only under its own key."""
    (tmp_path / "ping.yml").write_text(DELEGATED_PING, "utf-8")
    words = ("ansible-playbook", tmp_path / "ping.yml") if is_delegated else PING
    # Nothing listens there; what Ansible calls is what matters.
    nowhere = ("-e", "ansible_host=127.0.0.1", "-e", "ansible_port=1")
    done = run(
        *(*words, "-i", ROOT / "inventory" / name, *nowhere, "-vvv"),
        folder=tmp_path,
        service=service,
    )
    paths: dict[str, set[str]] = {}
    for options in find_ssh_options(done.stdout):
        assert options["checkhostip"] == "no"
        paths.setdefault(options["hostkeyalias"], set()).add(options["controlpath"])
    assert set(paths) == {
        node for node, environment in ENVIRONMENTS.items() if name in ("local", environment)
    }
    assert len(set().union(*paths.values())) == len(paths)


@pytest.mark.parametrize("name", ["local", "prod"])
def test_variables_layer_as_the_page_says(tmp_path: Path, service: Service, name: str) -> None:
    inventory = tmp_path / name
    shutil.copytree(ROOT / "inventory" / name, inventory, symlinks=False)
    (inventory / "group_vars" / "all" / "own.yml").write_text("motd: own\n", "utf-8")
    (inventory / "group_vars" / "web.yml").write_text("ansible_user: web\nregion: group\n", "utf-8")
    before = listed(inventory, tmp_path, service)["web-prod"]
    (inventory / "host_vars").mkdir()
    (inventory / "host_vars" / "web-prod.yml").write_text("region: host\n", "utf-8")
    after = listed(inventory, tmp_path, service)["web-prod"]

    assert before["motd"] == "own"
    assert "StrictHostKeyChecking=yes" in before["ansible_ssh_common_args"]
    assert before["ansible_user"] == "web"
    # What the service says is data, never a template, and so it is marked.
    assert before["region"] == {"__ansible_unsafe": "lon1"}
    assert after["region"] == "host"


def test_a_node_of_another_environment_is_not_retired_by_its_name(
    tmp_path: Path, service: Service
) -> None:
    done = run(
        "ansible-playbook",
        *("-i", ROOT / "inventory" / "prod", "playbooks/retire.yml"),
        *("-e", '{"retire_nodes": ["web-staging"]}'),
        folder=tmp_path,
        service=service,
    )

    assert done.returncode == 2, done.stdout
    assert "Not in the environments prod of this inventory: web-staging" in done.stdout
    assert service.call("GET", "/api/v1/nodes/web-staging")["state"] == "active"


def play_retire(folder: Path, service: Service, *words: str) -> Any:
    """Run retire.yml on the nodes of uat, with none to tell of their departure."""
    inventory = folder / "inventory"
    if not inventory.exists():
        shutil.copytree(ROOT / "inventory" / "local", inventory)
    return run(
        "ansible-playbook",
        *("-i", inventory, "quartermaster.fleet.retire"),
        *("-e", '{"quartermaster_environments": ["uat"], "quartermaster_hosts": "no_host"}'),
        *words,
        folder=folder,
        service=service,
    )


def test_a_retirement_wants_the_number_and_says_the_command_that_works(
    tmp_path: Path, service: Service
) -> None:
    names = ("-e", '{"retire_nodes": ["web-uat"]}')
    preview = play_retire(tmp_path, service, *names, "--check")
    mistyped = play_retire(tmp_path, service, "-e", '{"retire_nodes": ["web-uta"]}')
    for words in ((), ("-e", "retire_count=2")):
        refused = play_retire(tmp_path, service, *names, *words)

        assert refused.returncode == 2, refused.stdout
        assert "1 node to retire or destroy" in refused.stdout
        assert "web-uat: type web, project -, environment uat, active" in refused.stdout
    assert preview.returncode == 0, preview.stdout
    assert "web-uat: type web, project -, environment uat, active" in preview.stdout
    assert mistyped.returncode == 2, mistyped.stdout
    assert "Not in the environments uat of this inventory: web-uta" in mistyped.stdout
    assert service.call("GET", "/api/v1/nodes/web-uat")["state"] == "active"

    text = " ".join(refused.stdout.replace("\\", "").split())
    printed = re.search(
        r"ansible-playbook (-i \S+) quartermaster.fleet.retire (.*?count=\d+)", text
    )
    assert printed, text
    assert shlex.split(printed[1]) == ["-i", str(tmp_path / "inventory")]
    done = play_retire(tmp_path, service, *shlex.split(printed[2]))
    assert done.returncode == 0, done.stdout
    assert service.call("GET", "/api/v1/nodes/web-uat")["state"] == "retired"
    again = play_retire(tmp_path, service, *shlex.split(printed[2]))
    assert again.returncode == 0, again.stdout


def test_a_planned_node_of_another_environment_gets_no_server(
    tmp_path: Path, service: Service
) -> None:
    body = {"node_id": "new-staging", "node_type": "web", "cluster_id": "main", "region": "lon1"}
    service.call("POST", "/api/v1/nodes", {**body, "environment": "staging"})

    done = run(
        "ansible-playbook",
        *("-i", ROOT / "inventory" / "prod", "playbooks/provision.yml"),
        folder=tmp_path,
        service=service,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert service.call("GET", "/api/v1/nodes/new-staging")["state"] == "planned"
    assert "new-staging" not in done.stdout
