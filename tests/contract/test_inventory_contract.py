# SPDX-License-Identifier: Apache-2.0
"""Script, plugin on both its roads, and API tell the same story of one fleet."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import SCRIPT, Ansible, get_core, unwrap
from tests.contract.conftest import NODES, VARIABLES
from tests.contract.processes import Service

IN_SERVICE = {"control-1", "data-1", "data-2", "media-1", "web-1"}
EMPTY_GROUPS = {"all", "ungrouped"}


def story(document: dict[str, Any]) -> dict[str, Any]:
    """Return hosts with variables and groups with hosts, in one shape for all who tell it."""
    plain = unwrap(document)
    groups = {
        name: sorted(group.get("hosts", []))
        for name, group in plain.items()
        if name not in {"_meta", *EMPTY_GROUPS}
    }
    return {"hosts": plain["_meta"]["hostvars"], "groups": groups}


def told_by_the_api(service: Service, query: str = "") -> dict[str, Any]:
    return story(service.call("GET", f"/api/v1/inventory?{query}"))


def test_script_plugin_and_api_tell_the_same(with_fleet: Ansible, service: Service) -> None:
    told = told_by_the_api(service)
    source = with_fleet.folder / "fleet.quartermaster.yml"
    script = with_fleet.script("--list")
    assert script.returncode == 0, script.stderr
    assert story(json.loads(script.stdout)) == told
    assert story(with_fleet.inventory(SCRIPT)) == told
    assert story(with_fleet.inventory(source)) == told
    assert story(with_fleet.inventory(source, QM_INVENTORY_BULK="false")) == told


def test_the_story_is_that_of_the_fleet(service: Service) -> None:
    told = told_by_the_api(service)
    assert set(told["hosts"]) == IN_SERVICE
    assert told["groups"]["web_front"] == ["web-1"]
    assert told["groups"]["cluster_edge_1"] == ["media-1"]
    assert told["groups"]["state_active"] == ["control-1", "media-1", "web-1"]
    assert told["groups"]["env_prod"] == told["groups"]["project_shop"] == ["web-1"]
    assert told["groups"]["service_shop_api"] == ["media-1", "web-1"]
    media, web = told["hosts"]["media-1"], told["hosts"]["web-1"]
    assert {name: media.get(name) for name in VARIABLES} == VARIABLES
    assert "internal_ip" not in media
    assert web["ansible_host"] == "10.0.9.9"
    port = {"port": 8080, "protocol": "http", "health_path": "/health?deep=1"}
    assert web["node_services"] == media["node_services"] == {"shop-api": port}
    assert web["labels"] == {"rack": "a1", "who": "Łucja"}
    assert told["hosts"]["data-2"]["ansible_host"] == "192.0.2.2"


def test_the_script_prints_the_document_of_the_api_mark_for_mark(
    with_fleet: Ansible, service: Service
) -> None:
    printed = json.loads(with_fleet.script("--list").stdout)
    assert printed == service.call("GET", "/api/v1/inventory")


def test_both_roads_of_the_plugin_agree_byte_for_byte(with_fleet: Ansible) -> None:
    source = with_fleet.source("made", "keyed_groups: [{key: labels, prefix: label}]\n")
    for arguments in (["--list"], ["--list", "--export"], ["--graph", "--vars"]):
        roads = [
            with_fleet.run("ansible-inventory", "-i", source, *arguments, QM_INVENTORY_BULK=bulk)
            for bulk in ("true", "false")
        ]
        assert roads[0].returncode == roads[1].returncode == 0, roads[0].stderr
        assert roads[0].stdout == roads[1].stdout
        assert "label_rack_a1" in roads[0].stdout


@pytest.mark.parametrize(
    ("option", "query"),
    [
        ("state: [any]", "state=any"),
        ("state: [active, failed]", "state=active&state=failed"),
        ("project: [shop]", "project=shop"),
        ("cluster: [edge-1]", "cluster=edge-1"),
        ("region: [hel1]\nnode_type: [data]", "region=hel1&node_type=data"),
        ("environment: [uat]", "environment=uat"),
    ],
)
def test_the_filters_of_the_plugin_are_those_of_the_api(
    with_fleet: Ansible, service: Service, option: str, query: str
) -> None:
    told = told_by_the_api(service, query)
    assert story(with_fleet.inventory(with_fleet.source("part", option))) == told
    assert told["hosts"].keys() < {node["node_id"] for node in NODES} or query == "state=any"


@pytest.mark.parametrize("group", ["control", "data", "media"])
def test_the_first_groups_work_as_patterns_for_hosts(with_fleet: Ansible, group: str) -> None:
    wanted = sorted(name for name in IN_SERVICE if name.startswith(group))
    for source in (SCRIPT, with_fleet.folder / "fleet.quartermaster.yml"):
        done = with_fleet.run("ansible", group, "-i", source, "--list-hosts")
        assert done.returncode == 0, done.stderr
        assert sorted(line.strip() for line in done.stdout.splitlines()[1:]) == wanted


def test_the_script_gives_the_variables_of_one_host(with_fleet: Ansible, service: Service) -> None:
    printed = with_fleet.script("--host", "media-1")
    assert unwrap(json.loads(printed.stdout)) == told_by_the_api(service)["hosts"]["media-1"]


def test_a_host_that_is_not_there_is_an_error_of_the_script(with_fleet: Ansible) -> None:
    done = with_fleet.script("--host", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody" in done.stderr


@pytest.fixture
def with_script(tmp_path: Path) -> Ansible:
    """Return an Ansible for the script alone, to which all cores are the same."""
    return Ansible(get_core("newest"), tmp_path)


def test_the_script_needs_no_ansible() -> None:
    done = subprocess.run([sys.executable, "-I", "-S", SCRIPT, "--help"], check=False)
    assert done.returncode == 0


def test_the_script_explains_itself(with_script: Ansible) -> None:
    done = with_script.script("--help")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("--list", "--host", "QM_URL", "QM_CACHE_MAX_AGE"))


@pytest.mark.parametrize("arguments", [[], ["--list", "--host", "a"], ["--lists"], ["--host"]])
def test_the_script_refuses_what_it_does_not_know(
    with_script: Ansible, arguments: list[str]
) -> None:
    done = with_script.script(*arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_the_script_may_be_run(with_script: Ansible) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", SCRIPT], cwd=SCRIPT.parent, capture_output=True, check=True
    )
    assert listed.stdout.startswith(b"100755 ")
    link = with_script.folder / "link.py"
    link.symlink_to(SCRIPT)
    assert subprocess.run([link, "--help"], capture_output=True, check=False).returncode == 0


def test_values_reach_a_play_as_they_are(with_fleet: Ansible) -> None:
    playbook = with_fleet.folder / "show.yml"
    playbook.write_text(
        "- hosts: media-1\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.copy:\n"
        "        content: '{{ [motto, nested, template, lines, ansible_port] | to_json }}'\n"
        "        dest: '{{ playbook_dir }}/shown.json'\n"
        "      delegate_to: localhost\n"
        "      vars: {ansible_connection: local}\n"
    )
    for source in (SCRIPT, with_fleet.folder / "fleet.quartermaster.yml"):
        done = with_fleet.run("ansible-playbook", "-i", source, playbook)
        assert done.returncode == 0, done.stdout + done.stderr
        names = ("motto", "nested", "template", "lines", "ansible_port")
        shown = json.loads((with_fleet.folder / "shown.json").read_text())
        assert shown == [VARIABLES[name] for name in names]
        (with_fleet.folder / "shown.json").unlink()


def test_script_and_plugin_share_one_kept_answer(with_fleet: Ansible) -> None:
    assert with_fleet.script("--list").returncode == 0
    (kept,) = Path(with_fleet.folder, "cache", "inventory").iterdir()
    assert b"media-1" in kept.read_bytes()
    source = with_fleet.folder / "fleet.quartermaster.yml"
    assert set(with_fleet.inventory(source)["_meta"]["hostvars"]) == IN_SERVICE
    assert list(kept.parent.iterdir()) == [kept]
    os.utime(kept, (0, 0))
    assert with_fleet.script("--list").returncode == 0
    assert kept.stat().st_mtime > 0, "the service was asked, and answered that nothing changed"
