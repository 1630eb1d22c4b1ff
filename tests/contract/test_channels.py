# SPDX-License-Identifier: Apache-2.0
"""One act has one outcome: by the API, by `qm` and by the module, on record with its channel."""

import json
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import CORES, ROOT, Ansible, get_core
from tests.contract.processes import QM, Service, clean_environment, running_service

ACTS = json.loads((ROOT / "tests/cases/acts_on_a_node.json").read_text(encoding="utf-8"))
#: What differs between nodes by the channel and the order of the acts.
OWN = {"created_at", "updated_at", "revision", "wireguard_ip", "source"}
Problem = dict[str, Any]
#: Each with the channel that the service notes.
CHANNELS = {"api": "api", "cli": "cli", **dict.fromkeys(CORES, "ansible")}
RESULTS = "results.json"


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a service with one cluster, and the nodes that the acts need."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        body = {"cluster_id": "main", "cluster_type": "central", "mesh_prefix": "10.90.0.0/24"}
        running.call("POST", "/api/v1/clusters", body)
        for number, act in enumerate(ACTS):
            for channel in CHANNELS if act.get("registered") else ():
                body = {"node_type": "web", "cluster_id": "main"}
                running.call("POST", "/api/v1/nodes", {"node_id": name(channel, number), **body})
        yield running


@pytest.fixture(scope="module")
def by_modules(
    own_service: Service, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Problem | None]]:
    """Return the problem document of each act by the module, or None, on each core."""
    return {core: act_by_module(core, own_service, tmp_path_factory.mktemp(core)) for core in CORES}


def name(channel: str, number: int) -> str:
    """Return the name of the node that an act is done to."""
    return f"{channel}-{number}"


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


def act_by_module(core: str, service: Service, folder: Path) -> list[Problem | None]:
    """Return the problem document of each act in the module's result, if the service refused."""
    ansible = Ansible(get_core(core), folder, service.environment)
    acts = [fill(act["module"], name(core, number)) for number, act in enumerate(ACTS)]
    tasks: list[dict[str, Any]] = [
        {"quartermaster.fleet.node": act, "register": f"act_{number}", "ignore_errors": True}
        for number, act in enumerate(acts)
    ]
    results = ", ".join(str(task["register"]) for task in tasks)
    kept = {"dest": str(folder / RESULTS), "content": f"{{{{ [{results}] | to_json }}}}"}
    tasks.append({"ansible.builtin.copy": kept})
    playbook = folder / "acts.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = ansible.run("ansible-playbook", playbook)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / RESULTS).read_text("utf-8"))
    return [result["problem"] if result["failed"] else None for result in found]


def fill(value: Any, node: str) -> Any:
    """Return a notation of an act with the name of its node."""
    return json.loads(json.dumps(value).replace("{node}", node))


@pytest.mark.parametrize("number", range(len(ACTS)), ids=[act["name"] for act in ACTS])
def test_an_act_has_the_same_outcome_by_each_channel(
    number: int, own_service: Service, by_modules: dict[str, list[Problem | None]]
) -> None:
    act = ACTS[number]
    problems, nodes = {}, {}
    for channel, noted in CHANNELS.items():
        node = name(channel, number)
        if channel == "api":
            problem = act_by_api(own_service, *fill(act["api"], node))
        elif channel == "cli":
            problem = act_by_cli(own_service, *fill(act["cli"], node))
        else:
            problem = by_modules[channel][number]
        found = own_service.ask("GET", f"/api/v1/nodes/{node}")[1]
        problems[channel], nodes[channel] = json.loads(
            json.dumps([problem, found]).replace(node, "{node}")
        )
        if "audited" in act:
            query = f"subject={node}&action={act['audited']}"
            (record,) = own_service.call("GET", f"/api/v1/audit?{query}")["items"]
            assert record["door"] == noted
    assert list(problems.values()) == [problems["api"]] * len(CHANNELS)
    check_problem(act, problems["api"])
    wanted = act.get("node", {})
    assert [{key: node[key] for key in wanted} for node in nodes.values()] == [wanted] * len(nodes)
    fields = [{k: v for k, v in node.items() if k not in OWN} for node in nodes.values()]
    assert fields == fields[:1] * len(CHANNELS)


def check_problem(act: dict[str, Any], problem: Problem | None) -> None:
    """Compare the problem document of an act with its case."""
    wanted = act.get("problem")
    assert (problem is None) == (wanted is None), problem
    if problem is not None and wanted is not None:
        assert problem["status"] == wanted["status"]
        fields = [error["field"] for error in problem.get("errors", [])]
        assert fields == ([wanted["field"]] if "field" in wanted else [])
