# SPDX-License-Identifier: GPL-3.0-or-later
"""A real host that is reached by SSH, and the part of the role common that decides who comes in."""

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

from tests.e2e import modules_on_hosts
from tests.e2e.runs import kill_run
from tests.hosts import engine, image, network, server

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: quartermaster.fleet.common
        tasks_from: "{{ entry_point | default('access') }}"
"""
STATE = "/var/lib/quartermaster/access"
DROP_IN = "/etc/ssh/sshd_config.d/00-quartermaster.conf"
SUDOERS = "/etc/sudoers.d/60-quartermaster"
# All that says who may come in: files with their modes, accounts with their passwords, what runs.
LIST_ACCESS = f"""
for file in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* /etc/sudoers.d/* /etc/ssh/keys/* \
    /root/.ssh/* /home/*/.ssh/* {STATE}/sshd.digest; do
  test ! -f $file || {{ stat -c '%n %a %U:%G' $file; cat $file; }}
done
cat /etc/passwd /etc/group; cut -d: -f1,2 /etc/shadow
ss -Hltn 'sport = :22 or sport = :2222' | awk '{{print $4}}' | sort
"""


@dataclass(frozen=True)
class Host:
    """A host, and who comes to it."""

    container: t.Any
    address: str
    folder: Path

    def sh(self, script: str, *, check: bool = True) -> str:
        """Return what a shell on the host prints, as from the provider's console."""
        code, output = self.container.exec_run(["sh", "-c", script])
        text = str(output.decode(errors="replace"))
        assert not check or code == 0, f"{script}: {text}"
        return text

    def access(self) -> str:
        """Return all that says who may come in."""
        return self.sh(LIST_ACCESS)

    def public_key(self, name: str = "key") -> str:
        """Return a public key of the controller, which makes it if need be."""
        path = self.folder / name
        if not path.exists():
            keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
            subprocess.run(keygen, check=True, timeout=30)
        return path.with_name(f"{name}.pub").read_text(encoding="utf-8").strip()

    def comes_in(self, account: str = "root", key: str = "key", port: int = 22) -> bool:
        """Return whether a fresh connection comes in."""
        words = ["-F/dev/null", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", f"-p{port}"]
        files = [f"-oUserKnownHostsFile={self.folder}/known_hosts", f"-i{self.folder / key}"]
        alias = ["-oHostKeyAlias=one", "-oIdentitiesOnly=yes", "-oConnectTimeout=10"]
        command = ["ssh", *words, *files, *alias, f"{account}@{self.address}", "true"]
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0

    def start(self, *words: str, **variables: t.Any) -> subprocess.Popen[str]:
        """Start the role in a session of its own."""
        common = {
            "ansible_user": "root",
            "ansible_host": self.address,
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": "-o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
            f" -o UserKnownHostsFile={self.folder}/known_hosts -o HostKeyAlias=one",
            "ansible_ssh_timeout": 5,
            **variables,
        }
        inventory = {"all": {"hosts": {"one": common}}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        (self.folder / "play.yml").write_text(PLAY, encoding="utf-8")
        command = ["-i", str(self.folder / "hosts.json"), str(self.folder / "play.yml"), *words]
        return subprocess.Popen(
            [BIN / "ansible-playbook", *command],
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

    def run(self, *words: str, **variables: t.Any) -> tuple[int, str]:
        """Run the role; return exit status and output."""
        process = self.start(*words, **variables)
        try:
            output, _errors = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            kill_run(process)
            raise
        return process.returncode, output

    def ask(self, *, die: str = "", check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Return what the module alone says on the host, without SSH; empty if it was killed."""
        run = modules_on_hosts.run
        return run(self.container, "host_access", options, die=die, check=check)[0]

    def keep(self, **options: t.Any) -> dict[str, t.Any]:
        """Return what the module says, its trial confirmed."""
        result = self.ask(**options)
        assert "failed" not in result, result["msg"]
        if change := result["access"]["change"]:
            assert "failed" not in self.ask(state="confirmed", change=change)
        return result

    def is_pending(self) -> bool:
        """Return whether a trial waits for its confirmation."""
        return self.sh(f"test -e {STATE}/pending.json && echo yes", check=False).strip() == "yes"


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a host that lets root in by key; it is removed at the end."""
    host_engine = engine.ensure()
    folder = tmp_path_factory.mktemp("access")
    net = f"access-test-{secrets.token_hex(3)}"
    network.ensure(host_engine, net)
    try:
        with host_engine.client() as client:
            key = Host(None, "", folder).public_key()
            made = server.make(
                host_engine,
                name="one",
                image=image.ensure(host_engine),
                network=net,
                ssh_public_keys=[key],
            )
            known = "".join(f"one {line}\n" for line in made["ssh_host_keys"])
            (folder / "known_hosts").write_text(known, encoding="utf-8")
            container = client.containers.get(f"{net}.one")
            host = Host(container, made["internal_ip"], folder)
            host.sh("systemctl is-system-running --wait")
            modules_on_hosts.install(container)
            yield host
    finally:
        network.remove(host_engine, net)


@pytest.fixture
def kept(host: Host) -> Host:
    """Return the host with the settings of the role, and nothing else; what a test left is gone."""
    result = host.keep()
    assert not host.is_pending(), result
    return host
