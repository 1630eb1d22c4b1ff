# SPDX-License-Identifier: GPL-3.0-or-later
"""A role that is run over SSH on hosts that a test has made."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import typing as t
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e import modules_on_hosts
from tests.e2e.killed_runs import kill_run
from tests.hosts import commands, engine, image, network, server

ROOT = Path(__file__).parents[2]
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: quartermaster.fleet.{role}
        tasks_from: "{{{{ entry_point | default('{entry_point}') }}}}"
"""


class Made(t.NamedTuple):
    """A host that runs, and lets root in by the key of the folder."""

    container: t.Any
    network: t.Any
    address: str


@contextlib.contextmanager
def making(folder: Path, names: Sequence[str], *, has_ipv6: bool = False) -> Iterator[list[Made]]:
    """Make hosts with the roles' packages on a network of their own, and remove them at the end.

    The key is `key` in the folder; `known_hosts` there has the hosts' keys by their names.
    """
    host_engine, net = engine.ensure(), f"{folder.name}-test-{secrets.token_hex(3)}"
    key = make_key(folder)
    network.ensure(host_engine, net, has_ipv6=has_ipv6)

    def make(name: str) -> Made:
        made = server.make(
            host_engine,
            name=name,
            image=image.ensure_equipped(host_engine),
            network=net,
            ssh_public_keys=[key],
        )
        with (folder / "known_hosts").open("a", encoding="utf-8") as known_hosts:
            known_hosts.write("".join(f"{name} {line}\n" for line in made["ssh_host_keys"]))
        container = client.containers.get(f"{net}.{name}")
        state = commands.run_script(container, "systemctl is-system-running --wait")
        assert state.code == 0, state.output
        modules_on_hosts.install(container)
        return Made(container, client.networks.get(net), made["internal_ip"])

    try:
        with host_engine.client() as client, ThreadPoolExecutor(len(names)) as pool:
            yield list(pool.map(make, names))
    finally:
        network.remove(host_engine, net)


def make_key(folder: Path, name: str = "key") -> str:
    """Return a public key of the controller, which is made if need be."""
    path = folder / name
    if not path.exists():
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(keygen, check=True, timeout=30)
    return path.with_name(f"{name}.pub").read_text(encoding="utf-8").strip()


def connection(folder: Path) -> dict[str, t.Any]:
    """Return the variables by which Ansible comes in as root, and knows each host by its name."""
    return {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(folder / "key"),
        "ansible_ssh_common_args": "-o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
        f" -o UserKnownHostsFile={folder}/known_hosts -o HostKeyAlias={{{{ inventory_hostname }}}}",
    }


def start(
    folder: Path, play: str, inventory: dict[str, t.Any], words: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start a play in a session of its own; `words` are more of the command."""
    (folder / "hosts.json").write_text(json.dumps({"all": inventory}), encoding="utf-8")
    (folder / "play.yml").write_text(play, encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-playbook")
    return subprocess.Popen(
        [program, "-i", folder / "hosts.json", folder / "play.yml", *words],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], timeout_s: float) -> tuple[int, str]:
    """Return exit status and output of a play; one that takes too long is killed."""
    try:
        output, _errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        kill_run(process)
        raise
    return process.returncode, output
