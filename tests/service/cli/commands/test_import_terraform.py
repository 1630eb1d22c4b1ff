# SPDX-License-Identifier: Apache-2.0
"""`qm import terraform` against a real service: secrets stay here, the plan shown is applied."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from click.testing import Result

from inventory_service.client.exchanges import Answer, Exchanges

Qm = Callable[..., Result]
Ask = Callable[..., Any]

CASES = Path(__file__).parents[3] / "cases" / "terraform"
HETZNER = CASES / "hetzner.json"


def outputs(**nodes: dict[str, Any]) -> str:
    value = {name: {"node_type": "web", **fields} for name, fields in nodes.items()}
    return json.dumps({"nodes": {"sensitive": False, "value": value}})


def names(ask: Ask) -> list[str]:
    return [node["node_id"] for node in ask("node", "list")]


@pytest.mark.usefixtures("mesh")
def test_without_apply_only_the_plan_is_printed(qm: Qm, ask: Ask) -> None:
    result = qm("import", "terraform", str(HETZNER))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[1].split()[:2] == ["frameworks-edge-1", "add"]
    assert "node_type=media" in lines[1]
    assert "module.edge.hcloud_server.node[0]" in lines[1]
    assert "Not mapped: hcloud_server.bastion: has no label 'role'" in result.stdout
    assert "Plan: 2 to add, 0 to update, 0 unchanged, 1 not mapped." in result.stdout
    assert "--apply" in result.stdout
    assert names(ask) == []


@pytest.mark.usefixtures("mesh")
def test_apply_records_what_was_printed(qm: Qm, ask: Ask) -> None:
    result = qm("import", "terraform", str(CASES / "outputs.json"), "--apply")
    assert result.exit_code == 0, result.output
    assert names(ask) == ["media-1", "media-2"]
    again = ask("import", "terraform", str(CASES / "outputs.json"), "--apply")
    assert (again["plan"]["add"], again["plan"]["unchanged"]) == ([], 2)


@pytest.mark.usefixtures("mesh")
def test_the_next_step_that_is_told_takes_a_new_node_into_service(qm: Qm, ask: Ask) -> None:
    told = qm("import", "terraform", str(CASES / "outputs.json"), "--apply").stdout
    assert "without a provider, which provision.yml leaves alone: 2" in told
    steps = [line.strip() for line in told.splitlines() if line.startswith("  qm ")]
    assert len(steps) == 2
    for step in " && ".join(steps).replace("…", "AAAAC3NzaC1lZDI1NTE5").split(" && "):
        result = qm(*shlex.split(step)[1:])
        assert result.exit_code == 0, result.output
    node = ask("node", "show", "media-1")
    assert (node["state"], len(node["ssh_host_keys"])) == ("active", 1)
    again = qm("import", "terraform", str(CASES / "outputs.json"), "--apply").stdout
    assert "2 unchanged" in again
    assert again.splitlines()[-1] == "There is nothing to record."


def test_a_difference_is_printed_with_both_values(qm: Qm, ask: Ask, mesh: str) -> None:
    ask("node", "add", "a", "--type", "web", "--cluster", mesh, "--region", "fsn1")
    result = qm("import", "terraform", "-", stdin=outputs(a={"region": "hel1"}))
    assert "region: fsn1 → hel1" in result.stdout
    assert "0 to add, 1 to update" in result.stdout


@pytest.mark.usefixtures("mesh")
def test_nothing_secret_leaves_the_machine_or_is_printed(
    qm: Qm, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("project", "add", "shop")
    sent: list[str] = []
    send = Exchanges.send

    def listen(self: Exchanges, request: Request) -> Answer:
        assert isinstance(request.data, bytes)
        sent.append(request.data.decode())
        return send(self, request)

    monkeypatch.setattr(Exchanges, "send", listen)
    for path in CASES.glob("*.json"):
        result = qm("import", "terraform", str(path))
        assert result.exit_code == 0, result.output
        assert "SECRET" not in result.output
    assert len(sent) == len(list(CASES.glob("*.json")))
    assert not [body for body in sent if "SECRET" in body]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ", line 1, column 1: this is not JSON"),
        (b'{"a": 1,\n "b"', ", line 2, column 5: this is not JSON"),
        (b'{"nodes": "k\xe4se"}', ": byte 0xe4 is not UTF-8"),
        (b'{"version": 3, "resources": []}', "file: is a state file of version 3"),
        (b'{"nodes": []}', "file: is a JSON object with 'nodes'"),
        (
            outputs(a={"external_ip": "x"}, B={}).encode(),
            ": nodes[\"a\"].external_ip: 'x' is not an IP address",
        ),
        (outputs(a={"project": "x"}).encode(), ": nodes[\"a\"].project: project 'x' is not known"),
    ],
)
def test_a_fault_is_told_with_its_place_and_nothing_is_changed(
    qm: Qm, ask: Ask, mesh: str, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(content)
    result = qm("import", "terraform", str(file), "--cluster", mesh, "--apply")
    assert result.exit_code == 1
    assert str(file) in result.stderr
    assert told in result.stderr
    assert names(ask) == []


def test_a_plan_that_is_out_of_date_is_not_applied(
    ask: Ask, qm: Qm, mesh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's change between the plan and its application is a conflict."""
    import inventory_service.cli.commands.import_terraform as door  # noqa: PLC0415 (to stand between the requests)

    printed = door._print_plan

    def meddle(plan: dict[str, Any]) -> None:
        printed(plan)
        ask("node", "set", "a", "--region", "ash")

    ask("node", "add", "a", "--type", "web", "--cluster", mesh)
    monkeypatch.setattr(door, "_print_plan", meddle)
    content = outputs(a={"region": "hel1"}, b={})
    result = qm("import", "terraform", "-", "--apply", stdin=content)
    assert result.exit_code == 5
    assert names(ask) == ["a"]
    assert ask("node", "show", "a")["region"] == "ash"


@pytest.mark.usefixtures("mesh")
def test_a_hostile_name_cannot_steer_the_terminal(qm: Qm) -> None:
    result = qm("import", "terraform", "-", stdin=outputs(**{"\x1b[31mred": {}}))
    assert result.exit_code == 1
    assert "\x1b" not in result.output
