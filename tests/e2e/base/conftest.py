# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh host, on which the role `common` and its modules run."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.processes import clean_environment
from tests.e2e import modules_on_hosts
from tests.hosts import engine, image, network, server

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
NAME = "alone"
TIMEOUT_S = 600
PLAYBOOK = """
- hosts: alone
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {{name: quartermaster.fleet.common, tasks_from: {entry}}}
"""


@dataclass(frozen=True)
class Run:
    """How a run of the role ended."""

    code: int
    output: str
    counts: tuple[int, int]
    """Entries of the role, and those that reached the host."""

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        return int(self.output.rpartition("changed=")[2].split()[0])

    @property
    def text(self) -> str:
        """All that was printed, on one line, as Ansible breaks long ones."""
        return " ".join(self.output.split())


@dataclass(frozen=True)
class Host:
    """A host, reached by its engine and by SSH."""

    folder: Path
    container: t.Any

    def sh(self, script: str, *, check: bool = True) -> str:
        """Return what a shell on the host prints."""
        code, output = self.container.exec_run(["sh", "-c", script])
        text = str(output.decode(errors="replace"))
        assert not check or code == 0, f"{script}: {text}"
        return text

    def run(
        self, module: str, *, die: str = "", check: bool = False, **options: t.Any
    ) -> dict[str, t.Any]:
        """Return a module's result; empty if it was killed."""
        return modules_on_hosts.run(self.container, module, options, die=die, check=check)[0]

    def play(self, *words: str, entry: str = "main", **variables: t.Any) -> Run:
        """Run an entry point of the role, with variables and options of ansible-playbook."""
        playbook = self.folder / f"{entry}.yml"
        playbook.write_text(PLAYBOOK.format(entry=entry), "utf-8")
        counts = self.folder / "counts.json"
        done = subprocess.run(
            [BIN / "ansible-playbook", playbook, "-e", json.dumps(variables), *words],
            cwd=self.folder,
            env=self._environment(counts),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        entries, to_host = json.loads(counts.read_text("utf-8"))[NAME]["roles"]["common"]
        return Run(done.returncode, done.stdout + done.stderr, (entries, to_host))

    def _environment(self, counts: Path) -> dict[str, str]:
        return clean_environment(
            ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
            ANSIBLE_COLLECTIONS_PATH=str(ROOT / "collections"),
            ANSIBLE_INVENTORY=str(self.folder / "hosts.yml"),
            ANSIBLE_INVENTORY_ENABLED="ansible.builtin.yaml",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(self.folder / "facts"),
            ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests" / "callbacks"),
            ANSIBLE_CALLBACKS_ENABLED="task_counts",
            TASK_COUNTS=str(counts),
            HOME=str(self.folder),
            PATH=f"{BIN}:{os.environ['PATH']}",
        )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a fresh host; it is removed at the end."""
    folder = tmp_path_factory.mktemp("common")
    host_engine = engine.ensure()
    net = f"common-test-{secrets.token_hex(3)}"
    network.ensure(host_engine, net)
    try:
        with host_engine.client() as client:
            yield _make(folder, client, host_engine, net)
    finally:
        network.remove(host_engine, net)


def _make(folder: Path, client: t.Any, host_engine: engine.Engine, net: str) -> Host:
    key = folder / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    made = server.make(
        host_engine,
        name=NAME,
        image=image.ensure(host_engine),
        network=net,
        ssh_public_keys=[key.with_suffix(".pub").read_text("utf-8").strip()],
    )
    address, known_hosts = made["internal_ip"], folder / "known_hosts"
    lines = [f"{address} {host_key}\n" for host_key in made["ssh_host_keys"]]
    known_hosts.write_text("".join(lines), "utf-8")
    variables = {
        "ansible_host": address,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={known_hosts}",
    }
    inventory = {"all": {"hosts": {NAME: variables}}}
    (folder / "hosts.yml").write_text(json.dumps(inventory), "utf-8")
    host = Host(folder, client.containers.get(f"{net}.{NAME}"))
    host.sh("systemctl is-system-running --wait")
    modules_on_hosts.install(host.container)
    return host
