# SPDX-License-Identifier: Apache-2.0
"""The collection as it is published, in a project without this checkout, makes a server."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.collection import build, install
from tests.contract.processes import clean_environment, running_service
from tests.e2e.fleet import BIN, NODE_TYPES, ROOT, RUN_TIMEOUT_S, Fleet
from tests.hosts import network

pytestmark = [pytest.mark.hosts, pytest.mark.slow]
NODE = "shop-prod-master"
ROW = "shop,1,s-1vcpu-1gb,s-1vcpu-1gb,prod,lon1\n"


@dataclass(frozen=True)
class Project:
    """A folder with an inventory file, its group_vars and the installed collection."""

    folder: Path
    collection: Path
    fleet: Fleet

    def play(self, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook as a user of the collection does, without our ansible.cfg."""
        settings = {
            name: value
            for name, value in self.fleet.environment.items()
            if not name.startswith("ANSIBLE_") or name == "ANSIBLE_PRIVATE_KEY_FILE"
        }
        environment = clean_environment(
            **{name: value for name, value in settings.items() if name.startswith("QM_")},
            DOCKER_HOST=settings["DOCKER_HOST"],
            HOME=str(self.folder / "home"),
            PATH=f"{BIN}:{os.environ['PATH']}",
            ANSIBLE_COLLECTIONS_PATH=str(self.folder / "collections"),
            ANSIBLE_PRIVATE_KEY_FILE=settings["ANSIBLE_PRIVATE_KEY_FILE"],
        )
        del environment["QM_CACHE_DIR"]
        return subprocess.run(
            ["ansible-playbook", "-i", "inventory", playbook, *options],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_TIMEOUT_S,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    with running_service(tmp_path_factory.mktemp("service")) as service:
        fleet = Fleet(folder, service, f"col-{network.get_checkout()[:6]}", equipped=NODE_TYPES)
        fleet.import_csv(ROW)
        collection = install(build(), folder / "collections")
        inventory = folder / "inventory"
        variables = inventory / "group_vars" / "all"
        variables.mkdir(parents=True)
        shutil.copy(folder / "overlay" / "group_vars" / "all.yml", variables / "servers.yml")
        shutil.copy(ROOT / "inventory" / "local" / "fleet.quartermaster.yml", inventory)
        (folder / "home").mkdir()
        yield Project(folder, collection, fleet)
        fleet.remove()


def test_the_playbooks_of_the_installed_collection_check_host_keys_and_connect(
    project: Project,
) -> None:
    made = project.play("quartermaster.fleet.provision")
    assert made.returncode == 0, made.stdout[-4000:] + made.stderr[-2000:]
    assert project.fleet.nodes()[NODE]["state"] == "active"
    assert (project.folder / "home/.cache/quartermaster/known_hosts").is_file()

    done = project.play("quartermaster.fleet.site", "--tags", "common")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"{NODE} " in done.stdout


def test_playbooks_of_the_project_connect_likewise_with_the_file_of_the_collection(
    project: Project,
) -> None:
    """Ansible has no group_vars of a playbook that another one imports."""
    shipped = project.collection / "playbooks" / "group_vars" / "all" / "connection.yml"
    link = project.folder / "inventory" / "group_vars" / "all" / "connection.yml"
    link.symlink_to(shipped)
    (project.folder / "own.yml").write_text(
        "- ansible.builtin.import_playbook: quartermaster.fleet.preflight\n"
        "- hosts: state_active\n"
        "  gather_facts: false\n"
        "  tasks: [{ansible.builtin.ping: }]\n",
        "utf-8",
    )
    done = project.play("own.yml")
    link.unlink()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_projects_own_user_and_options_of_ssh_are_used(project: Project) -> None:
    variables = {"quartermaster_user": "nobody-here", "quartermaster_ssh_args": "-o BatchMode=yes"}
    done = project.play(
        "quartermaster.fleet.site", "--tags", "common", "-e", json.dumps(variables), "-vvv"
    )
    assert done.returncode == 4, done.stdout[-4000:]
    (line, *_) = [one for one in done.stdout.splitlines() if "SSH: EXEC" in one]
    words = shlex.split(line.partition("EXEC ")[2])
    assert "BatchMode=yes" in words
    assert 'User="nobody-here"' in words
