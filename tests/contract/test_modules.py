# SPDX-License-Identifier: Apache-2.0
"""The modules of the service, told as stories in a fixed order against the real service."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import ROOT, Ansible
from tests.contract.processes import Service, running_service

STORIES = ROOT / "tests" / "contract" / "stories"
DOCUMENTED = ROOT / "plugins" / "modules" / "node.py"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHqTr4iH1dQPQ3DdVQ0bkEFXpIYJHHdI0NGAfjBtbsSW"


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with clusters and no nodes."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        for name, number in (("main", 90), ("other", 91)):
            cluster = {"cluster_id": name, "cluster_type": "central", "region": "fsn1"}
            prefix = f"10.{number}.0.0/24"
            running.call("POST", "/api/v1/clusters", {**cluster, "mesh_prefix": prefix})
        yield running


def get_prefix(ansible: Ansible) -> str:
    """Return what the names of a core's nodes begin with; all cores share the service."""
    return ansible.core.parent.name.strip(".").replace("_", "-")


@pytest.fixture
def tell(ansible: Ansible, own_service: Service) -> Any:
    """Return the teller of stories: it runs a playbook and hands back what was printed."""
    ansible.settings = own_service.environment

    def run(story: str, **variables: Any) -> str:
        done = ansible.run(
            "ansible-playbook",
            STORIES / f"{story}.yml",
            "--extra-vars",
            json.dumps({"prefix": get_prefix(ansible), **variables}),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("story", ["node_info", "fleet_known_hosts"])
def test_the_story_comes_true(tell: Any, tmp_path: Path, story: str) -> None:
    assert "failed=0" in tell(story, folder=str(tmp_path), key=KEY)


def test_the_story_of_a_node_comes_true_and_its_moves_have_door_and_reason(
    tell: Any, ansible: Ansible, own_service: Service
) -> None:
    assert "failed=0" in tell("node", key=KEY)
    name = f"{get_prefix(ansible)}-node"
    (move,) = own_service.call("GET", f"/api/v1/nodes/{name}/transitions")["items"]
    assert (move["door"], move["reason"]) == ("ansible", "one is enough")


def test_the_examples_of_the_node_come_true_in_their_order(
    ansible: Ansible, own_service: Service, tmp_path: Path
) -> None:
    ansible.settings = own_service.environment
    name = f"{get_prefix(ansible)}-example"
    examples = DOCUMENTED.read_text("utf-8").partition('EXAMPLES = r"""')[2].partition('"""')[0]
    tasks = textwrap.indent(examples.replace("shop-prod-web-1", name), "    ")
    playbook = tmp_path / "examples.yml"
    playbook.write_text(
        f"- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:{tasks}", "utf-8"
    )
    done = ansible.run("ansible-playbook", playbook)
    assert done.returncode == 0, done.stdout + done.stderr
    assert own_service.call("GET", f"/api/v1/nodes/{name}")["state"] == "retired"


def test_the_token_is_in_no_output(ansible: Ansible, own_service: Service) -> None:
    for arguments in ("node_id=absent", "node_id=absent url=http://127.0.0.1:1 timeout=1"):
        done = ansible.run(
            "ansible",
            "localhost",
            "-vvv",
            *("-m", "quartermaster.fleet.node_info", "-a"),
            f"{arguments} token={own_service.token}",
            QM_URL=own_service.url,
        )
        assert "nodes" in done.stdout + done.stderr
        # The command line is printed by -vvv as the user gave it; the rest must not repeat it.
        shown = [line for line in done.stdout.splitlines() if "-a " not in line]
        assert own_service.token not in "\n".join(shown)
