# SPDX-License-Identifier: Apache-2.0
"""One act has one outcome: by the API, by `qm` and by the module, on record with its channel."""

import json
import re
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from tests.contract.ansible_runs import ROOT, Ansible
from tests.contract.processes import QM, Service, clean_environment, running_service

ACTS = json.loads((ROOT / "tests/cases/acts_on_a_node.json").read_text(encoding="utf-8"))
#: What differs between nodes by the channel and the order of the acts.
OWN = {"created_at", "updated_at", "revision", "wireguard_ip", "source"}
Problem = dict[str, Any]
CHANNELS = ("api", "cli", "ansible")


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with one cluster and no nodes."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        body = {"cluster_id": "main", "cluster_type": "central", "mesh_prefix": "10.90.0.0/24"}
        running.call("POST", "/api/v1/clusters", body)
        yield running


def act_by_api(service: Service, method: str, path: str, body: Any) -> Problem | None:
    """Return the problem document of a request, if it was refused."""
    status, answer = service.ask(method, path, body)
    return answer if status >= HTTPStatus.BAD_REQUEST else None


def act_by_cli(service: Service, *arguments: str) -> Problem | None:
    """Return the problem document that `qm --json` prints, if the service refused."""
    done = subprocess.run(
        [QM, *arguments, "--json"],
        env=clean_environment(**service.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return json.loads(done.stderr)["problem"] if done.returncode else None


def act_by_module(ansible: Ansible, options: dict[str, Any]) -> Problem | None:
    """Return the problem document in the module's result, if the service refused."""
    words = ("-m", "quartermaster.fleet.node", "-a", json.dumps(options))
    done = ansible.run("ansible", "localhost", *words)
    found = re.search(r"^localhost \| \S+ => (\{.*\n\})$", done.stdout, re.DOTALL | re.MULTILINE)
    assert found, done.stdout + done.stderr
    return json.loads(found[1])["problem"] if done.returncode else None


def fill(value: Any, node: str) -> Any:
    """Return a notation of an act with the name of its node."""
    return json.loads(json.dumps(value).replace("{node}", node))


@pytest.mark.parametrize("number", range(len(ACTS)), ids=[act["name"] for act in ACTS])
def test_an_act_has_the_same_outcome_by_each_channel(
    number: int, own_service: Service, ansible: Ansible
) -> None:
    act = ACTS[number]
    ansible.settings = own_service.environment
    stem = f"{ansible.core.parent.name.strip('.').replace('_', '-')}-{number}"
    problems, nodes = {}, {}
    for channel in CHANNELS:
        node = f"{stem}-{channel}"
        if act.get("registered"):
            body = {"node_id": node, "node_type": "web", "cluster_id": "main"}
            own_service.call("POST", "/api/v1/nodes", body)
        if channel == "api":
            problem = act_by_api(own_service, *fill(act["api"], node))
        elif channel == "cli":
            problem = act_by_cli(own_service, *fill(act["cli"], node))
        else:
            problem = act_by_module(ansible, fill(act["module"], node))
        found = own_service.ask("GET", f"/api/v1/nodes/{node}")[1]
        problems[channel], nodes[channel] = json.loads(
            json.dumps([problem, found]).replace(node, "{node}")
        )
        if "audited" in act:
            query = f"subject={node}&action={act['audited']}"
            (record,) = own_service.call("GET", f"/api/v1/audit?{query}")["items"]
            assert record["door"] == channel
    assert problems["cli"] == problems["ansible"] == problems["api"]
    check_problem(act, problems["api"])
    wanted = act.get("node", {})
    assert [{key: nodes[one][key] for key in wanted} for one in CHANNELS] == [wanted] * 3
    fields = [{k: v for k, v in nodes[one].items() if k not in OWN} for one in CHANNELS]
    assert fields[1:] == fields[:1] * 2


def check_problem(act: dict[str, Any], problem: Problem | None) -> None:
    """Compare the problem document of an act with its case."""
    wanted = act.get("problem")
    assert (problem is None) == (wanted is None), problem
    if problem is not None and wanted is not None:
        assert problem["status"] == wanted["status"]
        fields = [error["field"] for error in problem.get("errors", [])]
        assert fields == ([wanted["field"]] if "field" in wanted else [])
