# SPDX-License-Identifier: Apache-2.0
"""provision.yml leaves servers alone that somebody else makes, and says what they wait for."""

from tests.contract.ansible_runs import ROOT, Ansible
from tests.contract.processes import Service


def test_nodes_without_a_provider_are_left_alone_and_named(
    with_fleet: Ansible, service: Service
) -> None:
    before = service.call("GET", "/api/v1/status")["revision"]
    source = with_fleet.source("fleet")
    done = with_fleet.run("ansible-playbook", "-i", source, ROOT / "playbooks/provision.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Left alone, since they have no provider: spare." in done.stdout
    assert "qm node set NAME --state provisioning" in done.stdout
    assert service.call("GET", "/api/v1/status")["revision"] == before


def test_a_node_named_in_provision_only_must_exist(with_fleet: Ansible) -> None:
    done = with_fleet.run(
        *("ansible-playbook", "-i", with_fleet.source("fleet")),
        *(ROOT / "playbooks/provision.yml", "-e", '{"provision_only": ["typo"]}'),
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no node of the fleet is called typo" in done.stdout + done.stderr


def test_a_named_node_that_needs_no_server_is_explained(with_fleet: Ansible) -> None:
    done = with_fleet.run(
        *("ansible-playbook", "-i", with_fleet.source("fleet")),
        *(ROOT / "playbooks/provision.yml", "-e", '{"provision_only": ["spare"]}'),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "Nothing to provision for spare" in said
    assert "qm node set NAME --ssh-host-key" in said
