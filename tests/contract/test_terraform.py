# SPDX-License-Identifier: Apache-2.0
"""Script and plugin merge a Terraform file with the fleet, by the same rules."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inventory_service.imports.domain.terraform_files import prune_terraform
from plugins.module_utils._inventory.terraform import prune
from tests.contract.ansible_runs import ROOT, SCRIPT, Ansible
from tests.contract.processes import Service
from tests.contract.test_inventory_contract import IN_SERVICE, story

CASES = sorted((ROOT / "tests/cases/terraform").glob("*.json"))
Done = subprocess.CompletedProcess[str]
Ask = Callable[..., Done]


def nodes(**named: dict[str, Any]) -> str:
    value = {name: {"node_type": "web", **fields} for name, fields in named.items()}
    return json.dumps({"quartermaster_nodes": {"sensitive": False, "value": value}})


FILE = nodes(
    **{
        "control-1": {"node_type": "control", "region": "hel1", "vars": {"rack": "a1"}},
        "new-1": {
            "external_ip": "192.0.2.77",
            "labels": {"who": "{{ lookup('pipe', 'id') }}"},
            "vars": {"motto": "{{ 1 + 1 }} — ż", "ansible_port": 2222},
        },
        "spare": {"node_type": "web-front"},
    }
)


@pytest.fixture
def file(with_fleet: Ansible) -> Path:
    path = with_fleet.folder / "terraform.json"
    path.write_text(FILE)
    return path


def by_script(ansible: Ansible, path: Path) -> Done:
    return ansible.script("--list", QM_TERRAFORM=str(path))


def by_script_in_ansible(ansible: Ansible, path: Path) -> Done:
    return ansible.run("ansible-inventory", "-i", SCRIPT, "--list", QM_TERRAFORM=str(path))


def by_plugin(ansible: Ansible, path: Path, **more: str) -> Done:
    source = ansible.source("merged", f"terraform: {path}\n")
    return ansible.run("ansible-inventory", "-i", source, "--list", **more)


def by_public_calls(ansible: Ansible, path: Path) -> Done:
    return by_plugin(ansible, path, QM_INVENTORY_BULK="false")


ROADS = [by_script, by_script_in_ansible, by_plugin, by_public_calls]


def told(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return story(json.loads(done.stdout))


def test_script_and_plugin_merge_alike(with_fleet: Ansible, file: Path) -> None:
    stories = [told(ask(with_fleet, file)) for ask in ROADS]
    assert [other == stories[0] for other in stories] == [True] * len(ROADS)
    hosts, groups = stories[0]["hosts"], stories[0]["groups"]
    assert hosts.keys() == {*IN_SERVICE, "new-1"}
    assert hosts["new-1"]["ansible_host"] == "192.0.2.77"
    assert hosts["new-1"]["motto"] == "{{ 1 + 1 }} — ż"
    assert (hosts["control-1"]["region"], hosts["control-1"]["rack"]) == ("fsn1", "a1")
    assert groups["web"] == ["new-1"]


def test_what_the_file_does_not_touch_is_what_the_service_tells(
    with_fleet: Ansible, file: Path, service: Service
) -> None:
    alone = story(service.call("GET", "/api/v1/inventory"))
    merged = told(by_plugin(with_fleet, file))
    untouched = IN_SERVICE - {"control-1"}
    assert {name: merged["hosts"][name] for name in untouched} == {
        name: alone["hosts"][name] for name in untouched
    }
    del merged["groups"]["web"]
    assert merged["groups"] == alone["groups"]


@pytest.mark.parametrize("ask", [by_script, by_plugin])
def test_where_the_service_wins_a_warning_names_host_and_field(
    with_fleet: Ansible, file: Path, ask: Ask
) -> None:
    done = ask(with_fleet, file)
    words = " ".join(done.stderr.split())
    assert "'control-1': 'region' is 'fsn1' in the service and" in words
    assert "'spare' is in the Terraform file, but 'planned' in the service" in words


@pytest.mark.parametrize("ask", ROADS)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("", "is not JSON"),
        ('{"nodes": []}', "a JSON object with 'nodes'"),
        (nodes(new={"external_ip": "nowhere"}), "is not an IP address"),
    ],
)
def test_a_file_of_no_use_fails_with_its_reason_and_is_no_empty_inventory(
    with_fleet: Ansible, ask: Ask, content: str | None, reason: str
) -> None:
    path = with_fleet.folder / "broken.json"
    if content is not None:
        path.write_text(content)
    done = ask(with_fleet, path)
    assert done.returncode != 0
    assert "hostvars" not in done.stdout
    assert "Traceback" not in done.stderr
    assert reason in " ".join(done.stderr.split())


def test_a_path_in_the_source_is_found_from_its_folder(with_fleet: Ansible, file: Path) -> None:
    source = with_fleet.source("near", f"terraform: {file.name}\n")
    done = subprocess.run(
        [with_fleet.core / "ansible-inventory", "-i", source, "--list"],
        cwd="/",
        env=with_fleet.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "new-1" in told(done)["hosts"]


def lay_out(folder: Path, file: str, **outputs: Any) -> Path:
    """Make the layout that docs/terraform.md shows, with the Terraform file elsewhere if named."""
    text = (ROOT / "docs" / "terraform.md").read_text("utf-8")
    source, terraform = re.search(r"```\n(inventory/\S+)\n(\S+)\n```", text).groups()  # type: ignore[union-attr]
    block = re.search(rf"```yaml\n# {source}\n(.*?)```", text, re.DOTALL)[1]  # type: ignore[index]
    named = os.path.relpath(file or terraform, Path(source).parent)
    block = re.sub(r"^terraform: \S+", f"terraform: {named}", block, flags=re.MULTILINE)
    for path, content in ((source, block), (file or terraform, json.dumps(outputs))):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return Path(source).parent


OUTPUTS = {
    **json.loads(nodes(new={"environment": "staging"})),
    "lb_address": {"sensitive": False, "value": "192.0.2.1"},
    "db_password": {"sensitive": True, "value": "SECRET"},
}


@pytest.mark.parametrize("file", ["", "inventory/staging/.terraform.json"])
def test_in_the_documented_layout_no_output_becomes_a_group(with_fleet: Ansible, file: str) -> None:
    folder = lay_out(with_fleet.folder, file, **OUTPUTS)
    done = with_fleet.run("ansible-inventory", "-i", folder, "--list")
    assert told(done)["hosts"].keys() == {"new"}
    assert set(told(done)["groups"]) == {"env_staging", "web"}
    assert done.stderr == ""


def test_a_file_that_ansible_would_read_as_an_inventory_too_is_refused(
    with_fleet: Ansible,
) -> None:
    folder = lay_out(with_fleet.folder, "inventory/staging/terraform.json", **OUTPUTS)
    done = with_fleet.run("ansible-inventory", "-i", folder, "--list")
    assert done.returncode != 0
    assert "lb_address" not in done.stdout + done.stderr
    words = " ".join(done.stderr.split())
    assert "terraform.json: Ansible reads this Terraform file as an inventory too" in words
    source = folder / "fleet.quartermaster.yml"
    assert told(with_fleet.run("ansible-inventory", "-i", source, "--list"))["hosts"]


def test_no_value_of_the_file_is_run(with_fleet: Ansible) -> None:
    made = with_fleet.folder / "made"
    lookup = f"{{{{ lookup('ansible.builtin.pipe', 'touch {made}') }}}}"
    path = with_fleet.folder / "trap.json"
    trap = {"external_ip": "127.0.0.1", "vars": {"payload": lookup}, "labels": {"x": lookup}}
    path.write_text(nodes(trap=trap))
    for source, more in (
        (SCRIPT, {"QM_TERRAFORM": str(path)}),
        (with_fleet.source("trap", f"terraform: {path}\n"), {}),
        (with_fleet.source("trap", f"terraform: {path}\n"), {"QM_INVENTORY_BULK": "false"}),
    ):
        done = with_fleet.run(
            "ansible",
            "trap",
            "-i",
            source,
            "-m",
            "debug",
            "-a",
            "msg={{payload}}{{labels}}",
            **more,
        )
        assert json.dumps(lookup)[1:-1] in done.stdout, done.stdout + done.stderr
        assert not made.exists()


@pytest.mark.parametrize(
    "document",
    [
        *(json.loads(path.read_text()) for path in CASES),
        [],
        None,
        {},
        {"nodes": ["SECRET"]},
        {"nodes": {"value": "SECRET", "sensitive": True}},
        {"version": "SECRET", "resources": [], "outputs": ["SECRET"]},
        {"version": 3, "resources": [{"mode": "managed", "type": "aws_instance"}]},
        {"format_version": "1.0", "values": "SECRET"},
    ],
)
def test_qm_and_the_plugins_send_the_same_of_a_file(document: Any) -> None:
    assert prune(document) == prune_terraform(document)
    assert "SECRET" not in json.dumps(prune(document))
