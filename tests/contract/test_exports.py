# SPDX-License-Identifier: Apache-2.0
"""The inventory that `qm export nodes` writes is the one of the plugin, for Ansible itself."""

import subprocess
from pathlib import Path

import pytest

from tests.contract.ansible_runs import Ansible
from tests.contract.processes import QM, Service, clean_environment


def export(service: Service, path: Path, *words: str) -> Path:
    """Write the inventory as a person would."""
    subprocess.run(
        [QM, "export", "nodes", "--output", path, *words],
        env=clean_environment(**service.environment, HOME=str(path.parent)),
        check=True,
        timeout=60,
    )
    return path


@pytest.mark.parametrize(
    ("words", "filters"),
    [
        ((), ""),
        (("--cluster", "edge-1", "--state", "active"), "cluster: [edge-1]\nstate: [active]\n"),
        (("--project", "absent"), "project: [absent]\n"),
    ],
)
def test_ansible_reads_the_same_fleet_from_the_file_as_from_the_plugin(
    with_fleet: Ansible, service: Service, words: tuple[str, ...], filters: str
) -> None:
    source = with_fleet.source("chosen", filters)
    told = with_fleet.inventory(source)
    written = export(service, with_fleet.folder / "fleet.yml", *words)
    # Without an address and a token: this is for a day on which there is no service.
    with_fleet.settings = {"QM_URL": "http://127.0.0.1:1"}
    assert with_fleet.inventory(written) == told


def test_a_template_in_a_value_stays_text(with_fleet: Ansible, service: Service) -> None:
    """`media-1` has a variable that would run a program on the controller."""
    written = export(service, with_fleet.folder / "fleet.yml")
    shown = ("-m", "ansible.builtin.debug", "-a", "msg={{ template }}")
    done = with_fleet.run("ansible", "-i", written, "media-1", "-c", "local", *shown)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lookup('pipe', 'id')" in done.stdout
    assert "uid=" not in done.stdout
