# SPDX-License-Identifier: Apache-2.0
"""What the service says of a node is data: nothing in it is ever run, by any road, on any core.

Each payload would make a file of its own. The same payloads in a static inventory, which Ansible
trusts, make their files: that shows that they are live and that the play reaches them.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import SCRIPT, Ansible

COLUMNS = ["node_id", "ansible_host", "node_type", "region", "labels", "vars"]


def lookup(make: str) -> str:
    return f"{{{{ lookup('ansible.builtin.pipe', '{make}') }}}}"


#: Where a template stands; each is made of the command that it would run.
TEMPLATES: dict[str, Callable[[str], Any]] = {
    "expression": lookup,
    "statement": lambda make: f"{{% if lookup('ansible.builtin.pipe', '{make}') %}}{{% endif %}}",
    "comment": lambda make: "{# x #}" + lookup(make) + "{# y #}",
    "in_text": lambda make: f"10.0.0.1 {lookup(make)}\n",
    "in_list": lambda make: [[lookup(make)]],
    "in_dict": lambda make: {"a": {"b": lookup(make)}},
}
#: Text that a condition evaluates without any braces.
CONDITIONS: dict[str, Callable[[str], Any]] = {
    "bare_condition": lambda make: f"lookup('ansible.builtin.pipe', '{make}') == ''",
}
#: Variables that need no template to be code.
CONNECTIONS: dict[str, Callable[[str], Any]] = {
    "ansible_ssh_common_args": lambda make: f"-o ProxyCommand='{make}'",
    "ansible_ssh_extra_args": lambda make: f"-o ProxyCommand='{make}'",
    "ansible_ssh_args": lambda make: f"-o ProxyCommand='{make}'",
    "ansible_ssh_executable": lambda make: make.split()[-1] + ".sh",
    "ansible_user": lookup,
    "ansible_host": lookup,
}
TASKS = """
- name: Show and condition
  # Whose payload is in a variable of the connection is connected to below.
  hosts: all:!ansible-*
  gather_facts: false
  # That no payload is run is what the test asserts, by the files that they would make.
  ignore_errors: true # a payload may be an error in a task, and each task has to have its turn
  ignore_unreachable: true
  tasks:
    - ansible.builtin.debug: {msg: "{{ payload }}"}
    - ansible.builtin.debug: {var: payload}
    - ansible.builtin.debug: {msg: "{{ lookup('ansible.builtin.vars', 'payload') | to_json }}"}
    - ansible.builtin.debug: {msg: "{{ region }} {{ labels }}"}
    - ansible.builtin.set_fact: {copied: "{{ payload }}"}
    - ansible.builtin.debug: {msg: "{{ copied }} {{ copied | string }}"}
    - ansible.builtin.debug: {msg: "{{ item }}"}
      loop: "{{ [payload] | flatten }}"
    - ansible.builtin.debug: {msg: kept}
      when: payload
    - ansible.builtin.debug: {msg: kept}
      when: "{{ payload }}"

- name: Connect
  hosts: all
  gather_facts: false
  ignore_errors: true # as above
  ignore_unreachable: true
  tasks:
    - ansible.builtin.debug: {msg: "{{ hostvars[inventory_hostname] | to_json }}"}
    - ansible.builtin.raw: "true"
"""


class Trap:
    """A folder in which payloads make files, and a play that would run them."""

    def __init__(self, ansible: Ansible) -> None:
        self.ansible = ansible
        self.made = ansible.folder / "made"
        self.made.mkdir()
        self.play = ansible.folder / "play.yml"
        self.play.write_text(TASKS)
        self.reached: set[str] = set()

    def variables(self) -> dict[str, dict[str, Any]]:
        """Return a host with its variables for each payload."""
        hosts: dict[str, dict[str, Any]] = {}
        for name, make in {**TEMPLATES, **CONDITIONS}.items():
            hosts[self.host(name)] = {"payload": make(self.command(name))}
        for name, make in CONNECTIONS.items():
            command = self.command(name)
            program = Path(f"{self.made / name}.sh")
            program.write_text(f"#!/bin/sh\n{command}\nexit 255\n")
            program.chmod(0o700)
            hosts[self.host(name)] = {"payload": "none", name: make(command)}
        return hosts

    def command(self, name: str) -> str:
        return f"touch {self.made / name}"

    @staticmethod
    def host(name: str) -> str:
        return name.replace("_", "-")

    def spring(self, source: Path, **more: str) -> set[str]:
        """Run the play; return the names of the payloads that were run."""
        done = self.ansible.run("ansible-playbook", "-i", source, self.play, **more)
        self.reached = set(re.findall(r"^(\S+) +: ok=", done.stdout, flags=re.MULTILINE))
        return {path.name for path in self.made.iterdir() if not path.suffix}


@pytest.fixture
def trap(ansible: Ansible) -> Trap:
    return Trap(ansible)


def as_document(hosts: dict[str, dict[str, Any]], **columns: Any) -> dict[str, Any]:
    """Return what a service that checks nothing would say of these hosts."""
    rows = [
        [name, "127.0.0.1", "web", columns.get("region"), columns.get("labels", {}), variables]
        for name, variables in hosts.items()
    ]
    # A closed port, so that nothing is reached and SSH ends at once.
    for row in rows:
        row[5] = {"ansible_port": 1, **row[5]}
    groups = {"web": list(range(len(rows)))}
    return {"version": 1, "revision": 1, "columns": COLUMNS, "rows": rows, "groups": groups}


def roads(ansible: Ansible) -> dict[str, tuple[Path, dict[str, str]]]:
    plugin = ansible.source("trap", "timeout: 5\n")
    return {
        "script": (SCRIPT, {}),
        "plugin": (plugin, {"QM_INVENTORY_BULK": "true"}),
        "plugin by public calls": (plugin, {"QM_INVENTORY_BULK": "false"}),
        "plugin with constructed groups": (ansible.source("built", CONSTRUCTED), {}),
    }


CONSTRUCTED = """
compose: {copy: payload, joined: "'x' ~ (payload | string)"}
keyed_groups: [{key: "payload | string", prefix: p}]
groups: {chosen: payload is defined}
"""
ROADS = ("script", "plugin", "plugin by public calls", "plugin with constructed groups")


def test_the_payloads_are_live_where_ansible_trusts_the_inventory(trap: Trap) -> None:
    hosts = {
        name: {"ansible_host": "127.0.0.1", "ansible_port": 1, "region": "r", "labels": {}, **given}
        for name, given in trap.variables().items()
    }
    source = trap.ansible.folder / "hosts.yml"
    source.write_text(json.dumps({"all": {"hosts": hosts}}))
    assert trap.spring(source) >= {*TEMPLATES, *CONDITIONS, *CONNECTIONS}


@pytest.mark.parametrize("road", ROADS)
def test_no_payload_is_run(trap: Trap, loopback: Any, road: str) -> None:
    loopback.reply(as_document(trap.variables()))
    trap.ansible.settings = {"QM_URL": loopback.url}
    source, more = roads(trap.ansible)[road]
    assert trap.spring(source, **more) == set()
    assert trap.reached == set(trap.variables())


@pytest.mark.parametrize("road", ROADS)
def test_no_payload_in_a_column_is_run(trap: Trap, loopback: Any, road: str) -> None:
    hosts = {"a": {"payload": "none"}}
    payload = TEMPLATES["expression"](trap.command("column"))
    loopback.reply(as_document(hosts, region=payload, labels={"x": payload}))
    trap.ansible.settings = {"QM_URL": loopback.url}
    source, more = roads(trap.ansible)[road]
    assert trap.spring(source, **more) == set()
    assert trap.reached == {"a"}


@pytest.mark.parametrize("road", ROADS)
def test_the_host_is_not_reached_by_a_connection_of_the_services_choice(
    trap: Trap, loopback: Any, road: str
) -> None:
    trap.play.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        f"    - ansible.builtin.raw: {trap.command('local')}\n"
    )
    loopback.reply(as_document({"a": {"ansible_connection": "local", "payload": "none"}}))
    trap.ansible.settings = {"QM_URL": loopback.url}
    source, more = roads(trap.ansible)[road]
    assert trap.spring(source, **more) == set()


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("place", ["key", "group", "host", "vault", "tag"])
def test_a_payload_where_no_mark_can_stand_is_left_out_or_refused(
    trap: Trap, loopback: Any, road: str, place: str
) -> None:
    payload = TEMPLATES["expression"](trap.command(place))
    value = {
        "key": {payload: 1},
        "vault": {"__ansible_vault": payload},
        "tag": {"__ansible_unsafe": payload},
    }
    document = as_document({"a": {"payload": value.get(place, "none")}})
    if place == "group":
        document["groups"] = {payload: [0]}
    if place == "host":
        document["rows"][0][0] = payload
    loopback.reply(document)
    trap.ansible.settings = {"QM_URL": loopback.url}
    source, more = roads(trap.ansible)[road]
    assert trap.spring(source, **more) == set()


@pytest.mark.parametrize("road", ROADS)
def test_values_that_look_like_templates_are_shown_as_they_are(
    trap: Trap, loopback: Any, road: str
) -> None:
    payload = TEMPLATES["expression"](trap.command("shown"))
    loopback.reply(as_document({"a": {"payload": payload}}))
    trap.ansible.settings = {"QM_URL": loopback.url}
    source, more = roads(trap.ansible)[road]
    done = trap.ansible.run(
        "ansible", "a", "-i", source, "-m", "debug", "-a", "var=payload", **more
    )
    assert done.returncode == 0, done.stderr
    assert json.dumps(payload)[1:-1] in done.stdout
