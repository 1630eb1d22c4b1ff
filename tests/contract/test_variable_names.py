# SPDX-License-Identifier: Apache-2.0
"""A name of a variable is taken or refused alike by every way into and out of the service."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.safe_vars import (
    find_name_fault,
)

from inventory_service.core.variables import RESERVED, is_name
from tests.contract.ansible_runs import ROOT, SCRIPT, Ansible
from tests.contract.processes import QM, Service, clean_environment, running_service

NAMES = json.loads((ROOT / "tests/cases/variable_names.json").read_text(encoding="utf-8"))
REFUSED = [name for one in NAMES["refused"] for name in one["names"]]
CLUSTER = {"cluster_id": "main", "cluster_type": "central", "mesh_prefix": "10.90.0.0/24"}
NODE = {"node_type": "web", "cluster_id": "main"}


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """Return a service with a cluster, in a folder where the test may open its database."""
    with running_service(tmp_path) as running:
        running.call("POST", "/api/v1/clusters", CLUSTER)
        yield running


@pytest.mark.parametrize("name", [*NAMES["allowed"], *REFUSED, *sorted(RESERVED)])
def test_the_service_and_the_plugin_have_one_list(name: str) -> None:
    # The plugin knows the service's own names from the columns of its answer.
    is_column = is_name(name) != (find_name_fault(name) is None) and name in RESERVED
    assert is_column or is_name(name) == (find_name_fault(name) is None)
    assert is_name(name) == (name in NAMES["allowed"])


@pytest.fixture(scope="module")
def with_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with the node `good`."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        running.call("POST", "/api/v1/clusters", CLUSTER)
        running.call("POST", "/api/v1/nodes", {"node_id": "good", **NODE})
        yield running


@pytest.mark.parametrize("name", ["__ansible_unsafe", "lookup", "provision_known_hosts_path"])
def test_each_way_in_refuses_the_name(with_node: Service, tmp_path: Path, name: str) -> None:
    given = {"node_id": "evil", **NODE, "vars": {name: {"ansible_connection": "local"}}}
    answers = [
        with_node.ask("POST", "/api/v1/nodes", given),
        with_node.ask("POST", "/api/v1/registrations", {"nodes": [given]}),
        with_node.ask("PATCH", "/api/v1/nodes/good", {"vars": given["vars"]}),
    ]
    assert [status for status, _ in answers] == [422] * 3
    assert all(name in json.dumps(answer) for _, answer in answers)
    file = tmp_path / "nodes.json"
    file.write_text(json.dumps([given]))
    done = subprocess.run(
        [QM, "import", "nodes", file, "--apply"],
        env=clean_environment(**with_node.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert name in done.stderr
    assert [one["node_id"] for one in with_node.call("GET", "/api/v1/nodes")["items"]] == ["good"]


def test_an_older_record_runs_nothing_and_hides_nobody(
    own_service: Service, tmp_path: Path, ansible: Ansible
) -> None:
    """Names that an earlier release took are given to Ansible by no way, and can be removed."""
    made = tmp_path / "made"
    payload = {"ansible_connection": "local", "ansible_python_interpreter": f"touch {made};"}
    # If SSH answers there, it knows no key of ours.
    for name, address in (("evil", "127.0.0.2"), ("good", "127.0.0.3")):
        node = {"node_id": name, **NODE, "internal_ip": address, "vars": {"motd": "x"}}
        own_service.call("POST", "/api/v1/nodes", node)
        for state in ("provisioning", "active"):
            own_service.call("POST", f"/api/v1/nodes/{name}/transitions", {"state": state})
    with sqlite3.connect(tmp_path / "fleet.sqlite") as database:
        held = json.dumps({"motd": "x", "__ansible_unsafe": payload})
        database.execute("UPDATE nodes SET vars = ? WHERE node_id = 'evil'", [held])
    ansible.settings = own_service.environment
    dump = tmp_path / "inventory"
    dump.write_text(f"#!/bin/sh\ncat {tmp_path}/document.json\n")
    dump.chmod(0o700)
    document = own_service.call("GET", "/api/v1/inventory")
    (tmp_path / "document.json").write_text(json.dumps(document))
    for source in (dump, SCRIPT, ansible.source("fleet")):
        done = ansible.run("ansible-inventory", "-i", source, "--list")
        hosts = json.loads(done.stdout)["_meta"]["hostvars"]
        assert done.returncode == 0, done.stderr
        assert set(hosts) == {"evil", "good"}, source
        assert "x" in json.dumps(hosts["evil"]["motd"])
        ansible.run(
            "ansible", "-i", source, "all", "-m", "ansible.builtin.raw", "-a", f"touch {made}"
        )
    assert not made.exists()
    environment = clean_environment(**own_service.environment)
    words = [QM, "node", "set", "evil", "--remove-var", "__ansible_unsafe"]
    subprocess.run(words, env=environment, check=True, capture_output=True, timeout=60)
    assert own_service.call("GET", "/api/v1/nodes/evil")["vars"] == {"motd": "x"}
