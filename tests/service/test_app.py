# SPDX-License-Identifier: Apache-2.0
"""The API as a whole: by no route comes a name that looks like another, or what can't be kept."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Unavailable
from inventory_service.core.inputs import Input
from inventory_service.core.revision import next_revision
from inventory_service.database import open_database
from inventory_service.settings import Settings
from inventory_service.webhooks.routes.schemas import Payload
from tests.service.conftest import Caller, make_caller, make_node

#: What looks like `web-1`, and what of it is named.
LOOKALIKES = [
    ("w\u0435b-1", "U+0435 (CYRILLIC SMALL LETTER IE)"),
    ("we\u200bb-1", "U+200B (ZERO WIDTH SPACE)"),
    ("web-\u202e1", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    ("we\u0301b-1", "U+0301 (COMBINING ACUTE ACCENT)"),
    ("w\u00e9b-1", "U+00E9 (LATIN SMALL LETTER E WITH ACUTE)"),
]
NODE = {"node_id": "web-2", "node_type": "web", "cluster_id": "main"}
HEADER = "Project,Servers,MasterSpec,WebSpec\n"
JSON = "application/json"
NUMBERS = ["NaN", "Infinity", "1e999", "-1e999", "9223372036854775808", "1" * 30, "1" * 5000]


def make_requests(name: str) -> list[tuple[str, Any]]:
    """Return a request for each route that accepts a name."""
    return [
        ("/api/v1/nodes", NODE | {"node_id": name}),
        ("/api/v1/nodes", NODE | {"node_type": name}),
        ("/api/v1/nodes", NODE | {"region": name}),
        ("/api/v1/nodes", NODE | {"labels": {name: "x"}}),
        ("/api/v1/registrations", {"nodes": [NODE, NODE | {"node_id": name}]}),
        ("/api/v1/clusters", {"cluster_id": name, "mesh_prefix": "10.91.0.0/24"}),
        ("/api/v1/projects", {"project": name}),
        ("/api/v1/environments", {"environment": name}),
        ("/api/v1/services", {"service": name, "project": "shop", "environment": "prod"}),
        ("/api/v1/ports", {"project": name, "environment": "prod"}),
        ("/api/v1/tokens", {"name": name}),
        ("/api/v1/heartbeats", {"nodes": [name]}),
        ("/api/v1/imports", {"content": f"{HEADER}{name},1,cx22,cx22\n", "apply": True}),
    ]


@pytest.mark.parametrize(("name", "named"), LOOKALIKES)
def test_a_name_that_only_looks_like_another_is_refused_by_every_route(
    admin: Caller, cluster: str, name: str, named: str
) -> None:
    make_node(admin, "web-1", cluster_id=cluster)
    revision = admin.get("/api/v1/status")["revision"]
    for path, body in make_requests(name):
        problem = admin.post(path, body, status=422)
        reasons = [fault["reason"] for fault in problem["errors"]]
        assert any(named in reason for reason in reasons), (path, problem)
        assert all(reason.isprintable() for reason in reasons), (path, reasons)
    assert admin.get("/api/v1/status")["revision"] == revision


@pytest.mark.parametrize(("name", "named"), LOOKALIKES)
def test_a_path_that_only_looks_like_a_node_leads_to_none(
    admin: Caller, cluster: str, name: str, named: str
) -> None:
    make_node(admin, "web-1", cluster_id=cluster)
    assert named
    for method, path in (("GET", name), ("PATCH", name), ("POST", f"{name}/heartbeat")):
        admin.call(method, f"/api/v1/nodes/{path}", status=404, json={})


def test_free_text_keeps_every_script_but_nothing_that_is_not_seen(
    admin: Caller, cluster: str
) -> None:
    owner = "Łódź 東京 e\u0301"
    made = admin.post("/api/v1/projects", {"project": "shop", "owner": owner})
    assert made["owner"] == owner
    for strange in ("a\u202eb", "a\u2066b", "a\u200bb", "a\ufeffb", "a\x9bb", "a\nb"):
        body = {"project": "other", "owner": strange}
        reason = admin.post("/api/v1/projects", body, status=422)["errors"][0]["reason"]
        assert f"U+{ord(strange[1]):04X}" in reason
    node = NODE | {"cluster_id": cluster, "labels": {"owner": "a\u202eb"}}
    assert "U+202E" in admin.post("/api/v1/nodes", node, status=422)["errors"][0]["reason"]


def state(number: str) -> str:
    """Return a node as a file states it, with a number deep in its variables."""
    return f'{{"node_id": "web-9", "node_type": "web", "vars": {{"x": [{number}]}}}}'


def register(number: str) -> str:
    return state(number).replace("{", '{"cluster_id": "main", ', 1)


def write_outputs(number: str) -> str:
    return f'{{"nodes": {{"sensitive": false, "value": [{state(number)}]}}}}'


def order(form: str, content: str) -> str:
    return json.dumps({"format": form, "content": content, "apply": True})


DOORS: list[tuple[str, str, Callable[[str], str], str]] = [
    ("POST", "/nodes", register, "vars"),
    ("PATCH", "/nodes/web-1", lambda number: f'{{"vars": {{"x": [{number}]}}}}', "vars"),
    ("POST", "/registrations", lambda number: f'{{"nodes": [{register(number)}]}}',
     "nodes.0.vars"),
    ("POST", "/imports", lambda number: order("nodes", f"[{state(number)}]"), "nodes[0].vars"),
    ("POST", "/imports", lambda number: order("terraform", write_outputs(number)),
     "nodes[0].vars"),
    ("POST", "/inventory", lambda number: json.dumps({"terraform": write_outputs(number)}),
     "nodes[0].vars"),
]  # fmt: skip


def fields_refused(caller: Caller, method: str, path: str, body: str) -> list[str]:
    """Send a body that must be refused for a number; return the fields that the answer names."""
    answer = caller.call(method, f"/api/v1{path}", status=422, data=body, content_type=JSON)
    assert answer.json is not None
    return [fault["field"] for fault in answer.json["errors"]]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(("method", "path", "write", "field"), DOORS)
def test_a_number_that_cannot_be_kept_is_refused_by_its_field(
    operator: Caller, method: str, path: str, write: Callable[[str], str], field: str
) -> None:
    make_node(operator, "web-1")
    before = operator.get("/api/v1/status")["revision"]
    for number in NUMBERS:
        (named,) = fields_refused(operator, method, path, write(number))
        # What is not even JSON, or no number to a parser, is found on the whole way to it.
        assert named.removesuffix(".x.0") == field, number
    assert operator.get("/api/v1/status")["revision"] == before


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("path", ["/nodes", "/imports"])
def test_the_largest_numbers_come_back_as_they_were_sent(operator: Caller, path: str) -> None:
    number = "[9223372036854775807, -9223372036854775807, 1.5e18]"
    body = register(number) if path == "/nodes" else order("nodes", f"[{state(number)}]")
    operator.call("POST", f"/api/v1{path}", status=201, data=body, content_type=JSON)
    assert operator.get("/api/v1/nodes/web-9")["vars"] == {"x": [json.loads(number)]}


def test_a_field_that_is_a_number_is_refused_alike(operator: Caller) -> None:
    body = '{"cluster_id": "edge", "mesh_prefix": "10.91.0.0/24", "mesh_port": %s}'
    for number in NUMBERS:
        assert fields_refused(operator, "POST", "/clusters", body % number) == ["mesh_port"]


TOO_LATE, TOO_EARLY = "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00"


@pytest.mark.parametrize("moment", [TOO_LATE, TOO_EARLY])
def test_a_moment_that_utc_has_in_no_year_is_refused(admin: Caller, moment: str) -> None:
    problem = admin.post("/api/v1/tokens", {"name": "ci", "expires_at": moment}, status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["expires_at"]
    assert "1 to 9999" in problem["errors"][0]["reason"]
    for field in ("since", "until"):
        answer = admin.call("GET", "/api/v1/audit", status=422, query_string={field: moment})
        assert answer.json is not None
        assert [fault["field"] for fault in answer.json["errors"]] == [field]


def test_the_last_moment_of_all_is_an_end(admin: Caller) -> None:
    made = admin.post("/api/v1/tokens", {"name": "ci", "expires_at": "9999-12-31T22:59:59-01:00"})
    assert made["expires_at"] == "9999-12-31T23:59:59Z"
    admin.get("/api/v1/audit?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z")


@pytest.fixture
def runnable(settings: Settings, tmp_path: Path, make_app: Callable[[Settings], Flask]) -> Caller:
    """Return an operator of a service with a playbook, a template of it, and some nodes."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/all.yml").write_text("[]\n", "utf-8")
    app = make_app(settings.model_copy(update={"playbooks_dir": tmp_path}))
    caller = make_caller(app, Scope.ADMIN)
    caller.post("/api/v1/clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"})
    caller.post("/api/v1/projects", {"project": "shop"})
    for number, fields in enumerate(
        (
            {"node_type": "web", "project": "shop", "environment": "prod", "region": "eu"},
            {"node_type": "data", "region": "eu"},
            {"node_type": "data", "region": "us", "project": "shop", "environment": "uat"},
        ),
        1,
    ):
        name = f"node-{number}"
        make_node(caller, name, state="active", internal_ip=f"10.0.0.{number}", **fields)
    make_node(caller, "planned", node_type="web", region="eu")
    caller.post("/api/v1/templates", {"template": "all-of-it", "playbook": "playbooks/all.yml"})
    return caller


def test_a_run_is_limited_by_the_groups_that_the_inventory_has(runnable: Caller) -> None:
    inventory = runnable.get("/api/v1/inventory?state=active")
    groups = {
        name: sorted(group["hosts"])
        for name, group in inventory.items()
        if name != "_meta" and group.get("hosts")
    }
    assert len(groups) > 5
    for name, hosts in groups.items():
        made = runnable.post("/api/v1/runs", {"template": "all-of-it", "limit": name})
        assert runnable.get(f"/api/v1/runs/{made['id']}")["hosts"] == hosts, name


@pytest.mark.parametrize(
    ("filters", "hosts"),
    [
        ({}, ["node-1", "node-2", "node-3"]),
        ({"state": ["active", "planned"]}, ["node-1", "node-2", "node-3", "planned"]),
        ({"node_type": ["data"], "region": ["eu"]}, ["node-2"]),
        ({"project": ["shop"], "environment": ["prod", "uat"]}, ["node-1", "node-3"]),
        ({"cluster": ["main"], "node_type": ["web"]}, ["node-1"]),
    ],
)
def test_a_run_has_only_nodes_that_fit_the_filters_of_its_template(
    runnable: Caller, filters: dict[str, list[str]], hosts: list[str]
) -> None:
    runnable.patch("/api/v1/templates/all-of-it", {"filters": filters})
    made = runnable.post("/api/v1/runs", {"template": "all-of-it"})
    assert runnable.get(f"/api/v1/runs/{made['id']}")["hosts"] == hosts


def test_a_command_waits_for_a_writer_as_long_as_the_settings_allow(
    settings: Settings, database: Database
) -> None:
    impatient = open_database(settings.model_copy(update={"lock_timeout_s": 0.2}))

    def write() -> None:
        with impatient.writing() as session:
            next_revision(session)

    begun = time.monotonic()
    with database.writing() as session:
        next_revision(session)
        with pytest.raises(Unavailable, match="Another writer"):
            write()
    assert time.monotonic() - begun < 5
    write()
    impatient.engine.dispose()


def test_each_route_counts_the_fields_of_its_body(app: Flask) -> None:
    bodies = {
        view.__annotations__["body"]
        for view in app.view_functions.values()
        if "body" in getattr(view, "__annotations__", {})
    }
    # What other programs send can have any field; of it only what is declared is read.
    bodies.discard(Payload)
    assert len(bodies) > 10
    for body in bodies:
        assert issubclass(body, Input), body


def test_a_body_with_more_errors_than_can_be_listed_is_refused(operator: Caller) -> None:
    labels = {f"!{number}": 0 for number in range(64)}
    node = NODE | {"labels": labels}
    problem = operator.post("/api/v1/registrations", {"nodes": [node] * 1000}, status=422)
    assert problem["errors"] == [{"field": "body", "reason": "has 128000 errors, too many to list"}]


@pytest.mark.parametrize("path", ["/api/v1//nodes", "/api/v1/swagger//x", "/health//live"])
def test_no_path_is_redirected_to_the_host_of_a_request(stranger: Caller, path: str) -> None:
    answer = stranger.call("GET", path, status=404, headers={"Host": "evil.example"})
    assert "Location" not in answer.headers


def test_an_empty_path_is_redirected_to_no_other_host(stranger: Caller) -> None:
    answer = stranger.call("GET", "//evil.example", status=302, headers={"Host": "evil.example"})
    assert answer.headers["Location"] == "/api/v1/swagger"
