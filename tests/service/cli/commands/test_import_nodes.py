# SPDX-License-Identifier: Apache-2.0
"""`qm import nodes` against a real service: the plan first, then all or nothing, and once."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from inventory_service.cli import main
from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Service

Qm = Callable[..., Result]
Ask = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("mesh")

CSV = "node_id,node_type,cluster_id,region\nweb-1,web,main,eu\nweb-2,web,,us\n"
WEB_1, WEB_2 = (f'{{"node_id": "web-{number}", "node_type": "web"}}' for number in (1, 2))


def names(ask: Ask) -> list[str]:
    return [node["node_id"] for node in ask("node", "list")]


def test_without_apply_only_the_plan_is_printed(qm: Qm, ask: Ask) -> None:
    result = qm("import", "nodes", "-", "--format", "csv", stdin=CSV)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[:2] for line in lines[1:3]] == [["web-1", "add"], ["web-2", "add"]]
    assert "Plan: 2 to add, 0 to update, 0 unchanged." in result.stdout
    assert "--apply" in result.stdout
    assert names(ask) == []


@pytest.mark.parametrize(
    ("variables", "warned"),
    [("{port: 1, app_port: 2}", ["port"]), ("{app_port: 2}", []), ("7", [])],
)
def test_a_variable_of_which_ansible_warns_is_named(
    qm: Qm, variables: str, warned: list[str]
) -> None:
    text = f"- {{node_id: a, node_type: web, vars: {variables}}}"
    result = qm("import", "nodes", "-", "--format", "yaml", stdin=text)
    assert re.findall("Warning: The variable '(.*?)'", result.stderr) == warned


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", CSV),
        ("json", f"[{WEB_1},\n{WEB_2}]"),
        ("jsonl", f"{WEB_1}\n{WEB_2}\n"),
        ("yaml", "- {node_id: web-1, node_type: web}\n- {node_id: web-2, node_type: web}\n"),
        ("yaml", "all: {hosts: {web-1: {node_type: web}, web-2: {node_type: web, tier: 1}}}"),
    ],
)  # fmt: skip
def test_each_form_is_recorded_once_however_often_it_is_applied(
    ask: Ask, tmp_path: Path, form: str, text: str
) -> None:
    path = tmp_path / f"nodes.{form}"
    path.write_text(text)
    first = ask("import", "nodes", str(path), "--cluster", "main", "--reason", "moved", "--apply")
    assert (first["applied"], len(first["plan"]["add"])) == (True, 2)
    again = ask("import", "nodes", str(path), "--apply")
    assert (again["plan"]["add"], again["plan"]["update"], again["plan"]["unchanged"]) == (
        [],
        [],
        2,
    )
    assert names(ask) == ["web-1", "web-2"]
    records = ask("audit", "--noun", "node", "--action", "register")
    assert [record["reason"] for record in records] == ["moved", "moved"]


def test_a_difference_is_printed_with_both_values_and_changed(qm: Qm, ask: Ask) -> None:
    ask("node", "add", "web-1", "--type", "web", "--cluster", "main", "--label", "rack=a1")
    text = 'node_id,node_type,region,labels\nweb-1,web,eu,"{""row"": ""7""}"\n'
    result = qm("import", "nodes", "-", "--format", "csv", "--apply", stdin=text)
    assert "region: - → eu, labels.row: - → 7" in result.stdout
    node = ask("node", "show", "web-1")
    assert (node["region"], node["labels"]) == ("eu", {"rack": "a1", "row": "7"})


@pytest.mark.parametrize(
    ("form", "text", "told"),
    [
        ("csv", f"{CSV}\nBad Name,web,main,eu\n", ", line 5: node_id: must be an RFC 1123 label"),
        ("csv", CSV.replace(",us", ",u_s"), ", line 3: region: must be an RFC 1123 label"),
        ("csv", f"{CSV}web-1,web,main,eu\n", ", line 4: node_id: 'web-1' is in the file more"),
        ("csv", CSV.replace("region", "colour"), ", line 1, column 4: colour: is not a field"),
        ("csv", CSV.replace("web-1", "taken").replace(",eu", ",") + "x,web,absent,\n",
         ", line 4: cluster_id: cluster 'absent' is not known"),
        ("jsonl", '{"node_id": "a", "node_type": "web"}\n\n{"node_id": "b"}',
         ", line 3: node_type: Field required"),
        ("jsonl", f'{WEB_1}\n{{"node_id": "a", "node_type": "web", "vars": {{"x": 1e999}}}}',
         ", line 2: vars.x: holds a number"),
        ("jsonl", f'{WEB_1}\n{{"node_id": "a", "node_type": "web", "vars": {{"x": {"1" * 30}}}}}',
         ", line 2: vars.x: holds a number"),
        ("csv", 'node_id,node_type,vars\na,web,"{""x"": NaN}"',
         ", line 2: vars.x: holds a number"),
        ("yaml", f"- {{node_id: a, node_type: web,\n   vars: {{x: {2**63}}}}}",
         ", line 1: vars.x: holds a number"),
        ("json", '[{"node_id": "a", "node_type": "web",\n "size": 1}]', ", line 1: size: is not a"),
        ("yaml", "- node_id: a\n  node_type: web\n- node_id: b\n  node_type: web\n  vars: {a b: 1}",
         ", line 3: vars: 'a b' can't be the name of an Ansible variable"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_line_and_field_and_nothing_is_recorded(
    qm: Qm, ask: Ask, tmp_path: Path, form: str, text: str, told: str
) -> None:
    path = tmp_path / f"nodes.{form}"
    path.write_text(text)
    result = qm("import", "nodes", str(path), "--cluster", "main", "--apply")
    assert result.exit_code == 1, result.output
    assert f"{path}{told}" in result.stderr
    assert names(ask) == []
    problem = json.loads(qm("import", "nodes", str(path), "--json").stderr)["problem"]
    assert any(told.startswith(f", line {fault['line']}") for fault in problem["errors"])


@pytest.mark.parametrize("words", [(), ("--apply",)])
def test_a_mesh_address_that_can_not_be_given_is_named_with_its_line(
    qm: Qm, words: tuple[str, ...]
) -> None:
    text = "node_id,node_type,wireguard_ip\nweb-1,web,\n\nweb-2,web,10.99.0.1\nweb-3,web,\n"
    result = qm("import", "nodes", "-", "--format", "csv", "--cluster", "main", *words, stdin=text)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: -, line 4: wireguard_ip: 10.99.0.1 is no host address")


@pytest.mark.parametrize("row", ["web-{},web,absent,", "web-{},web,main,,too-much"])
def test_faults_that_are_not_named_are_counted(qm: Qm, row: str) -> None:
    text = "\n".join(["node_id,node_type,cluster_id,region", *map(row.format, range(60))])
    words = ("import", "nodes", "-", "--format", "csv")
    result = qm(*words, stdin=text)
    assert result.stderr.splitlines()[50] == "… and 10 more"
    problem = json.loads(qm(*words, "--json", stdin=text).stderr)["problem"]
    assert (len(problem["errors"]), problem["more_errors"]) == (50, 10)


def test_an_address_that_another_node_has_is_named_with_its_line(qm: Qm, ask: Ask) -> None:
    ask("node", "add", "a", "--type", "web", "--cluster", "main", "--external-ip", "192.0.2.1")
    text = f'{WEB_1}\n\n{{"node_id": "c", "node_type": "web", "external_ip": "192.0.2.1"}}'
    words = ("--format", "jsonl", "--cluster", "main", "--apply")
    result = qm("import", "nodes", "-", *words, stdin=text)
    assert result.exit_code == 5
    assert ", line 3: external_ip: belongs to node 'a'" in result.stderr
    assert names(ask) == ["a"]


def test_a_form_must_be_told_where_the_name_does_not_tell_it(qm: Qm) -> None:
    result = qm("import", "nodes", "-", stdin=CSV)
    assert (result.exit_code, "--format" in result.stderr) == (2, True)


@contextlib.contextmanager
def losing_the_first_answer(service: Service) -> Iterator[str]:
    """Stand before the service, and drop the connection when it has recorded something first."""
    lost: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = requests.post(
                service.url + self.path, data=body, headers=dict(self.headers), timeout=30
            )
            if answer.status_code == requests.codes.created and not lost:
                lost.append(True)
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    assert lost


def test_what_was_recorded_before_the_connection_broke_is_not_recorded_twice(
    service: Service, ask: Ask
) -> None:
    with losing_the_first_answer(service) as url:
        environment = {"QM_URL": url, "QM_TOKEN": service.tokens[Scope.OPERATOR]}
        words = ["import", "nodes", "-", "--format", "csv", "--cluster", "main", "--apply"]
        result = CliRunner(env=environment).invoke(main, words, input=CSV)
    assert result.exit_code == 0, result.output
    assert "The connection broke; trying again" in result.stderr
    assert "Recorded." in result.stdout
    assert len(ask("audit", "--noun", "node", "--action", "register")) == 2
