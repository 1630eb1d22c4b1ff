# SPDX-License-Identifier: Apache-2.0
"""The modules run and run_info against the real service, with a worker and without one."""

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import ROOT, Ansible
from tests.contract.processes import Service, running_service

STORIES = ROOT / "tests" / "contract" / "stories"
LIMITS = ["web-1", "", "web-*,!web-2", "cluster_main", "web:!*-1", "al? !web-1"]
#: It works on this machine: what is tried here is not Ansible's way to a host.
PLAYBOOK = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Show the word
      ansible.builtin.debug:
        msg: "the word is {{ word }}"
    - name: Refuse a bad word
      ansible.builtin.fail:
        msg: "{{ word }} is refused"
      when: word == 'bad'
"""
TEMPLATE = {
    "playbook": "playbooks/steps.yml",
    "survey": {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
    },
}
PASSWORD = "open sesame"
ENDED = {"successful", "failed"}


def write_checkout(folder: Path) -> Path:
    """Write the folder whose playbooks runs may start."""
    (folder / "playbooks").mkdir(parents=True)
    (folder / "playbooks" / "steps.yml").write_text(PLAYBOOK.lstrip(), "utf-8")
    config = f"[defaults]\ninterpreter_python = {sys.executable}\n"
    (folder / "ansible.cfg").write_text(config, "utf-8")
    return folder


def register_fleet(service: Service) -> None:
    """Make two active nodes, and two templates."""
    cluster = {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"}
    service.call("POST", "/api/v1/clusters", cluster)
    for number, name in enumerate(("web-1", "web-2"), 1):
        node = {"node_id": name, "node_type": "web", "external_ip": f"192.0.2.{number}"}
        service.call("POST", "/api/v1/nodes", {"cluster_id": "main", **node})
        for state in ("provisioning", "active"):
            service.call("POST", f"/api/v1/nodes/{name}/transitions", {"state": state})
    service.call("POST", "/api/v1/templates", {"template": "steps", **TEMPLATE})
    limited = {"template": "limited", "requires_limit": True, "tags": ["one"], **TEMPLATE}
    service.call("POST", "/api/v1/templates", limited)


@pytest.fixture(scope="module", params=[()], ids=["alone"])
def run_service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Return a service with templates; its parameter is what `qm serve` gets."""
    folder = tmp_path_factory.mktemp("service")
    settings = {
        "QM_PLAYBOOKS_DIR": str(write_checkout(folder / "checkout")),
        "QM_RUN_DIR": str(folder / "runs"),
        "HOME": str(folder),
    }
    with running_service(folder, *request.param, **settings) as running:
        register_fleet(running)
        yield running


def tell(ansible: Ansible, story: str, *words: str | Path, **variables: Any) -> Any:
    """Run the playbook of a story, and return how it ended."""
    given = json.dumps(variables)
    return ansible.run("ansible-playbook", STORIES / f"{story}.yml", "-e", given, *words)


def write_vault(ansible: Ansible) -> list[str | Path]:
    """Write answers that only a password reveals; return the words that give them."""
    key, variables = ansible.folder / "key", ansible.folder / "variables.yml"
    key.write_text(PASSWORD, "utf-8")
    words = ("encrypt_string", "--vault-password-file", key, "--name", "word", "a-vaulted-word")
    made: subprocess.CompletedProcess[str] = ansible.run("ansible-vault", *words)
    assert made.returncode == 0, made.stderr
    variables.write_text("hidden:\n" + textwrap.indent(made.stdout, "  "), "utf-8")
    return ["--vault-password-file", key, "-e", f"@{variables}"]


def test_runs_are_ordered_cancelled_and_relaunched(ansible: Ansible, run_service: Service) -> None:
    ansible.settings = run_service.environment
    done = tell(ansible, "run_orders", limits=LIMITS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is queued" in done.stdout


@pytest.mark.parametrize("run_service", [("--with-worker",)], indirect=True, ids=["with worker"])
def test_runs_are_waited_for_and_a_failed_one_fails_the_task(
    ansible: Ansible, run_service: Service
) -> None:
    ansible.settings = run_service.environment
    done = tell(ansible, "run_waits", *write_vault(ansible))
    assert done.returncode == 2, done.stdout + done.stderr
    last = done.stdout.partition("TASK [The failed host is tried once more")[2]
    assert re.search(r"Run \d+ of steps is failed", last), done.stdout + done.stderr
    # The reason is in the log, which comes with the failure.
    assert "bad is refused" in last
    # Who waits sees news; a short run may be over at the second look.
    shown = re.findall(r"^run \d+ \(steps\) is (\w+)", done.stdout, re.MULTILINE)
    assert [state for state in shown if state in ENDED] == ["successful", "failed", "failed"]
