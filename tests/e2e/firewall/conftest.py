# SPDX-License-Identifier: GPL-3.0-or-later
"""A real host that is reached by SSH, and the role run on it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import modules_on_hosts
from tests.hosts import engine, image, network, server

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
PLAY = """
- hosts: all
  gather_facts: false
  roles:
    - role: quartermaster.fleet.firewall
"""
PENDING = "/run/quartermaster-firewall/pending.json"


@dataclass
class Host:
    """A host, and the role that is run on it."""

    container: t.Any
    network: t.Any
    address: str
    folder: Path

    def sh(self, script: str, *, check: bool = True) -> str:
        """Return what a shell on the host prints."""
        code, output = self.container.exec_run(["sh", "-c", script])
        text = str(output.decode(errors="replace"))
        assert not check or code == 0, f"{script}: {text}"
        return text

    def table(self) -> str:
        """Return our table, empty if there is none."""
        return self.sh("nft -s list table inet quartermaster 2>/dev/null", check=False)

    def start(self, **variables: t.Any) -> subprocess.Popen[str]:
        """Start the role in a session of its own."""
        node = {
            "node_id": "one",
            "node_type": "web",
            "cluster_id": "main",
            "internal_ip": self.address,
        }
        inventory = {
            "all": {
                "vars": {
                    "ansible_user": "root",
                    "ansible_ssh_private_key_file": str(self.folder / "key"),
                    "ansible_ssh_common_args": "-o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
                    f" -o UserKnownHostsFile={self.folder}/known_hosts",
                    "ansible_ssh_timeout": 3,
                    "firewall_nodes": [node],
                    "firewall_confirm_timeout_s": 6,
                    **variables,
                },
                "hosts": {"one": {"ansible_host": self.address}},
            }
        }
        (self.folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        (self.folder / "play.yml").write_text(PLAY, encoding="utf-8")
        words = ["-i", str(self.folder / "hosts.json"), str(self.folder / "play.yml")]
        return subprocess.Popen(
            [BIN / "ansible-playbook", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, **variables: t.Any) -> tuple[int, str]:
        """Run the role; return exit status and output."""
        process = self.start(**variables)
        output, _errors = process.communicate(timeout=120)
        return process.returncode, output

    def ask(self, module: str = "firewall_rules", *, die: str = "", **options: t.Any) -> t.Any:
        """Return what a module alone says on the host, without SSH; empty if it was killed."""
        return modules_on_hosts.run(self.container, module, options, die=die)[0]

    def keep(self, **options: t.Any) -> t.Any:
        """Return what the module `firewall_rules` says, its trial confirmed."""
        result = self.ask(**options)
        if change := (result.get("firewall") or {}).get("change"):
            assert "failed" not in self.ask(state="confirmed", change=change)
        return result

    def is_pending(self) -> bool:
        """Tell whether a trial waits for its confirmation."""
        return self.sh(f"test -e {PENDING} && echo yes", check=False).strip() == "yes"


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    """Look until something is so; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def kill(process: subprocess.Popen[str]) -> None:
    """End a run and its children as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a host that lets SSH in by key; it is removed at the end."""
    host_engine = engine.ensure()
    folder = tmp_path_factory.mktemp("firewall")
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")]
    subprocess.run(keygen, check=True, timeout=30)
    name = f"h5-test-{secrets.token_hex(3)}"
    network.ensure(host_engine, name)
    try:
        made = server.make(
            host_engine,
            name="one",
            image=image.ensure(host_engine),
            network=name,
            ssh_public_keys=[(folder / "key.pub").read_text(encoding="utf-8").strip()],
        )
        lines = [f"{made['internal_ip']} {key}\n" for key in made["ssh_host_keys"]]
        (folder / "known_hosts").write_text("".join(lines), encoding="utf-8")
        with host_engine.client() as client:
            container = client.containers.get(f"{name}.one")
            made_network = client.networks.get(name)
            host = Host(container, made_network, made["internal_ip"], folder)
            host.sh("systemctl is-system-running --wait")
            modules_on_hosts.install(container)
            yield host
    finally:
        network.remove(host_engine, name)


@pytest.fixture
def guarded(host: Host) -> Host:
    """Return the host with its firewall in good order."""
    code, output = host.run()
    assert code == 0, output
    assert not host.is_pending()
    return host
