# SPDX-License-Identifier: Apache-2.0
"""A fleet of real hosts for a test: its own service, network, key and Ansible settings."""

import contextlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.processes import Service, clean_environment, running_service
from tests.e2e.killed_runs import kill_run
from tests.hosts import engine, image, network

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv" / "bin"
#: A line of two small servers.
PAIR = "shop,2,s-1vcpu-512mb-10gb,s-1vcpu-512mb-10gb,prod,lon1\n"
NODE_TYPES = ("master", "web")
HEADER = "Project,Servers,MasterSpec,WebSpec,Environment,Region\n"
RUN_TIMEOUT_S = 600
_RECAP = re.compile(
    r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE
)


@dataclass(frozen=True)
class Run:
    """How a run of a playbook ended, and what it printed."""

    code: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host."""
        return {name: int(changed) for name, changed, _, _ in _RECAP.findall(self.output)}

    @property
    def unreachable(self) -> list[str]:
        """The hosts that did not answer."""
        return [name for name, _, unreachable, _ in _RECAP.findall(self.output) if int(unreachable)]


@contextlib.contextmanager
def running_fleet(
    folder: Path, rows: str = "", *, equipped: Collection[str] = (), **settings: str
) -> Iterator["Fleet"]:
    """Make a fleet with its own service, and remove it at the end.

    The rows are lines of a projects.csv whose hosts are provisioned; nodes of the equipped types
    have the roles' packages already; the settings are Ansible's.
    """
    with running_service(folder) as service:
        name = f"{folder.name.rstrip('0123456789')}-{network.get_checkout()[:6]}"
        fleet = Fleet(folder, service, name, equipped=equipped, **settings)
        try:
            if rows:
                fleet.import_csv(rows)
                fleet.play("provision")
            yield fleet
        finally:
            fleet.remove()


class Fleet:
    """Hosts on one network, known to one service."""

    def __init__(
        self,
        folder: Path,
        service: Service,
        name: str,
        *,
        equipped: Collection[str] = (),
        **settings: str,
    ) -> None:
        """Make the network; the settings are Ansible's, for all runs."""
        self._folder = folder
        self._settings = settings
        self.service = service
        self.network = name
        self.engine = engine.ensure()
        self._key = folder / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key], check=True)
        self._write_overlay(equipped)
        network.ensure(self.engine, name)
        service.call(
            "POST", "/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"}
        )

    def remove(self) -> None:
        """Remove the hosts and their network."""
        network.remove(self.engine, self.network)

    def import_csv(self, rows: str, *, max_retire: int = 0) -> Any:
        """Record what the lines of a projects.csv ask for, by `qm import csv --apply`."""
        words = ("--apply", "--json", "--yes", "--max-retire", str(max_retire))
        path = self._folder / "projects.csv"
        path.write_text(HEADER + rows, "utf-8")
        done = subprocess.run(
            [BIN / "qm", "import", "csv", path, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def nodes(self, query: str = "") -> dict[str, Any]:
        """Return the nodes on record by name."""
        items = self.service.call("GET", f"/api/v1/nodes?limit=1000{query}")["items"]
        return {node["node_id"]: node for node in items}

    def play(self, name: str, *options: str, code: int = 0, callback: str = "") -> Run:
        """Run a playbook to its end and check its exit code; `callback` is how it prints."""
        done = subprocess.run(
            self._command(name, options),
            cwd=ROOT,
            env=self.environment | ({"ANSIBLE_STDOUT_CALLBACK": callback} if callback else {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_TIMEOUT_S,
        )
        assert done.returncode == code, done.stdout[-6000:] + done.stderr[-2000:]
        return Run(done.returncode, done.stdout if callback else done.stdout + done.stderr)

    def play_and_kill(self, name: str, *options: str, at: str) -> None:
        """Run a playbook and kill -9 it, with all its workers, when it prints a text."""
        with self._playing(name, options) as process:
            _read_up_to(process, at)
            kill_run(process)

    def play_and_act(self, name: str, *options: str, at: str, act: Callable[[], None]) -> Run:
        """Run a playbook to its end, and do something when it prints a text."""
        with self._playing(name, options) as process:
            before = _read_up_to(process, at)
            act()
            output = before + process.communicate(timeout=RUN_TIMEOUT_S)[0]
        return Run(process.returncode, output)

    def _playing(self, name: str, options: tuple[str, ...]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command(name, options),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def on(self, node_id: str, command: str, *, check: bool = True) -> str:
        """Return what a command prints on a host, over SSH under the recorded host key."""
        done = subprocess.run(
            self._ssh(node_id, command), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout

    def start_on(self, node_id: str, command: str) -> subprocess.Popen[str]:
        """Start a command on a host and go on."""
        return subprocess.Popen(
            self._ssh(node_id, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def power(self, node_id: str, verb: str) -> None:
        """Start, stop or kill a host from outside, without telling anybody."""
        with self.engine.client() as client:
            container = client.containers.get(f"{self.network}.{node_id}")
            getattr(container, verb)()

    def container(self, node_id: str) -> dict[str, Any]:
        """Return what the engine knows of a host."""
        with self.engine.client() as client:
            attributes: dict[str, Any] = client.containers.get(f"{self.network}.{node_id}").attrs
            return attributes

    @property
    def environment(self) -> dict[str, str]:
        """What makes qm and Ansible use this fleet."""
        inventory = ROOT / "inventory" / "local" / "fleet.quartermaster.yml"
        return clean_environment(
            **self.service.environment,
            QM_CONFIG=str(self._folder / "config.ini"),
            QM_CACHE_DIR=str(self._folder / "cache"),
            DOCKER_HOST=self.engine.docker_host,
            PATH=f"{BIN}:{os.environ['PATH']}",
            ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
            ANSIBLE_INVENTORY=f"{inventory},{self._folder / 'overlay' / 'hosts.yml'}",
            ANSIBLE_PRIVATE_KEY_FILE=str(self._key),
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(self._folder / "facts"),
            **self._settings,
        )

    def _command(self, name: str, options: tuple[str, ...]) -> list[str]:
        return [str(BIN / "ansible-playbook"), f"playbooks/{name}.yml", *options]

    def _ssh(self, node_id: str, command: str) -> list[str]:
        known_hosts = self._folder / "cache" / "known_hosts"
        return [
            "ssh", "-i", str(self._key), "-o", f"UserKnownHostsFile={known_hosts}",
            "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
            f"root@{self.nodes()[node_id]['internal_ip']}", command,
        ]  # fmt: skip

    def _write_overlay(self, equipped: Collection[str]) -> None:
        ensure = image.ensure_equipped if equipped else image.ensure
        images = dict.fromkeys(equipped, ensure(self.engine))
        variables = {
            "images": images,
            "provision_image": "{{ images[(provision_node | default({})).node_type | default('')]"
            f" | default('{image.get_name('bookworm')}') }}}}",
            "provision_docker_host": self.engine.docker_host,
            "provision_docker_network": self.network,
            "provision_ssh_public_keys": [self._key.with_suffix(".pub").read_text("utf-8").strip()],
        }
        overlay = self._folder / "overlay"
        (overlay / "group_vars").mkdir(parents=True)
        (overlay / "hosts.yml").write_text("---\nall: {}\n", "utf-8")
        (overlay / "group_vars" / "all.yml").write_text(json.dumps(variables), "utf-8")


def wait_until(is_done: Callable[[], bool], *, what: str, timeout_s: float = 60) -> None:
    """Wait for something that another program does, up to a deadline."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_done():
        assert time.monotonic() < deadline, f"not in time: {what}"
        pause.wait(0.1)


def _read_up_to(process: subprocess.Popen[str], text: str) -> str:
    """Return what a process printed up to the line with a text."""
    seen: list[str] = []
    for line in process.stdout or ():
        seen.append(line)
        if text in line:
            return "".join(seen)
    raise AssertionError(f"the run never printed {text!r}:\n{''.join(seen)[-6000:]}")
