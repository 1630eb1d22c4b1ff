# SPDX-License-Identifier: Apache-2.0
"""Every route says what it needs, and gives nobody more.

Who gets in stands here a second time, as a rule, on purpose: a route whose mark differs from it is
a mistake in one of the two places.
"""

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from inventory_service.app import create_app
from inventory_service.core.actors import Role, Scope
from inventory_service.http.auth import assert_all_views_guarded
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_caller

PUBLIC = {"health.live", "health.ready", "webhook_requests.receive", "_docs", "static"}
OPEN_WHERE_SET = {
    "inventory.get_inventory",
    "terraform_merge.merge_inventory",
    "first_inventory.get_first_inventory",
    "ssh.get_known_hosts",
    "prometheus.get_targets",
    "_metrics",
}

#: What routes need to be sent to answer at all.
BODIES = {
    "terraform_merge.merge_inventory": {"terraform": '{"nodes": {"sensitive": false, "value": []}}'}
}

ADMIN_ONLY = re.compile(r"/api/v1/(accounts|tokens|audit)(/|\Z)")
#: Reading by POST: the body is what the answer is merged with.
#: What others may then order, and where word of it goes.
DECIDES_WHAT_RUNS = re.compile(
    r"/api/v1/(templates|notifications|webhooks|workflows)"
    r"(/\{\w+\}(/(retirement|secret))?|/import)?\Z"
)
#: Who may order or approve a run is in its template; tests of these use cases try it.
ITS_TEMPLATE_SAYS = frozenset(
    {
        "/api/v1/runs",
        "/api/v1/runs/preview",
        "/api/v1/runs/{run_id}/application",
        "/api/v1/runs/{run_id}/relaunch",
        "/api/v1/runs/{run_id}/relaunch/preview",
        "/api/v1/workflow-runs",
        "/api/v1/workflow-runs/{workflow_run_id}/relaunch",
    }
)
#: They need a signature, and no token.
SIGNED = {("POST", "/api/v1/webhooks/{webhook}/deliveries")}
READS_BY_POST = {"/api/v1/inventory"}
OPEN_PATHS = {
    "/api/inventory",
    "/api/v1/inventory",
    "/api/v1/prometheus/targets",
    "/api/v1/ssh/known_hosts",
}
Operation = tuple[str, str]


def routes_of(app: Flask) -> list[tuple[str, str, str, tuple[Role, bool] | None]]:
    """Return (endpoint, method, path, need) of each route of our own."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint.startswith(("openapi", "swagger")):
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", "x")
        found.extend(
            (rule.endpoint, method, path, getattr(view, "required_role", "unsaid"))
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PATCH"})
        )
    return found


def test_each_route_says_what_it_needs(app: Flask) -> None:
    routes = [route for route in routes_of(app) if route[0] != "static"]
    assert len(routes) > 25
    assert [route for route in routes if route[3] == "unsaid"] == []
    assert {endpoint for endpoint, _, _, need in routes if need is None} <= PUBLIC
    assert {
        endpoint for endpoint, _, _, need in routes if need is not None and need[1]
    } == OPEN_WHERE_SET


def test_nobody_gets_in_without_a_token(app: Flask, stranger: Caller) -> None:
    for _, method, path, need in routes_of(app):
        if isinstance(need, tuple):
            answer = stranger.call(method, path, status=401, json={})
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_strangers_read_the_inventory_only_where_that_is_set(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"anonymous_read": True}))
    client = app.test_client()
    for endpoint, method, path, need in routes_of(app):
        if isinstance(need, tuple):
            body = BODIES.get(endpoint, {}) if method != "GET" else None
            answer = client.open(path, method=method, json=body)
            assert (answer.status_code == 200) == (endpoint in OPEN_WHERE_SET), path


@pytest.mark.parametrize(
    "header",
    [
        "Basic YTpi",
        "Bearer",
        "Bearer x",
        "Bearer qm_000000000000_" + "A" * 43,
        "Bearer " + "A" * 8000,
        "bearer\tqm",
    ],
)
def test_what_is_no_token_is_refused(stranger: Caller, header: str) -> None:
    stranger.get("/api/v1/nodes", status=401, headers={"Authorization": header})


@pytest.mark.parametrize("between", [",", ", Bearer ", ",Bearer ", " "])
def test_two_tokens_in_one_request_are_no_token(
    admin: Caller, stranger: Caller, between: str
) -> None:
    # Servers join two headers of one name by a comma (RFC 9110, section 5.3).
    wrong = "qm_000000000000_" + "A" * 43
    for first, second in ((admin.token, wrong), (wrong, admin.token), (admin.token,) * 2):
        header = f"Bearer {first}{between}{second}"
        stranger.get("/api/v1/nodes", status=401, headers={"Authorization": header})


def test_a_token_of_another_length_or_case_is_no_token(admin: Caller, stranger: Caller) -> None:
    text = admin.token or ""
    for near in (text[:-1], text + "A", text.swapcase(), f"{text}\x00", f"{text[:-1]}\u0430"):
        headers = {"Authorization": f"Bearer {near}".encode().decode("latin-1")}
        stranger.get("/api/v1/nodes", status=401, headers=headers)


def test_a_wrong_token_is_refused_even_where_strangers_may_read(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"anonymous_read": True}))
    headers = {"Authorization": "Bearer qm_000000000000_" + "A" * 43}
    assert app.test_client().get("/api/inventory", headers=headers).status_code == 401


def test_a_token_ends_by_revocation_and_by_time(
    admin: Caller, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    first = admin.post("/api/v1/tokens", {"name": "one", "scope": "viewer"})
    second = admin.post("/api/v1/tokens", {"name": "two", "expires_at": soon.isoformat()})
    one, two = (Caller(app.test_client(), made["token"]) for made in (first, second))
    one.get("/api/v1/nodes")
    two.get("/api/v1/nodes")
    admin.post(f"/api/v1/tokens/{first['token_id']}/revocation", {})
    one.get("/api/v1/nodes", status=401)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            assert tz is UTC
            return soon

    monkeypatch.setattr("inventory_service.identity.usecases.authentication.datetime", Later)
    two.get("/api/v1/nodes", status=401)


def test_the_channel_in_the_header_is_a_label_from_a_short_list(operator: Caller) -> None:
    for number, channel in enumerate(("cli", "ansible", "root; x", "worker")):
        name = f"shop-{number}"
        headers = {"X-Quartermaster-Door": channel}
        operator.post("/api/v1/projects", {"project": name}, headers=headers)
    admin = operator.client.application
    records = make_caller(admin, Scope.ADMIN).get("/api/v1/audit?noun=project")["items"]
    assert [entry["door"] for entry in records] == ["api", "api", "ansible", "cli"]


def get_rule(method: str, path: str) -> Role | None:
    """Return the role that an operation should need."""
    if path.startswith("/health/") or (method, path) in SIGNED:
        return None
    if ADMIN_ONLY.match(path):
        return Role.ADMIN
    if method != "GET" and DECIDES_WHAT_RUNS.match(path):
        return Role.ADMIN
    if method != "GET" and path.endswith("/approvals"):
        return Role.APPROVER
    is_read = method == "GET" or path in READS_BY_POST or path in ITS_TEMPLATE_SAYS
    return Role.VIEWER if is_read else Role.OPERATOR


def list_operations(app: Flask) -> list[Operation]:
    document = app.test_client().get("/api/v1/openapi.json").json or {}
    found = [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    ]
    assert len(found) > 35
    return found


def ask(client_of: Caller, operation: Operation) -> int:
    method, path = operation
    headers = {"Authorization": f"Bearer {client_of.token}"} if client_of.token else {}
    answer = client_of.client.open(
        re.sub(r"\{\w+\}", "nobody", path),
        method=method,
        json=None if method == "GET" else {"unknown": 1},
        headers=headers,
    )
    assert answer.status_code < 500, (operation, answer.text)
    return answer.status_code


def test_the_document_names_the_role_of_each_operation(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json or {}
    for method, path in list_operations(app):
        rule = get_rule(method, path)
        said = document["paths"][path][method.lower()].get("security")
        assert said == (None if rule is None else [{"token": [rule.value]}]), (method, path)


@pytest.mark.parametrize("scope", [None, *Scope])
def test_each_scope_opens_what_the_rule_says_and_nothing_else(
    app: Flask, scope: Scope | None
) -> None:
    caller = Caller(app.test_client(), None) if scope is None else make_caller(app, scope)
    for operation in set(list_operations(app)) - SIGNED:
        rule = get_rule(*operation)
        if rule is None:
            refused = set()
        elif scope is None:
            refused = {401}
        else:
            refused = set() if scope.allows(rule) else {403}
        status = ask(caller, operation)
        assert (status in {401, 403}) == bool(refused), (operation, status)
        assert not refused or {status} == refused, (operation, status)


def test_strangers_read_what_is_named_and_nothing_else_where_that_is_set(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"anonymous_read": True}))
    stranger = Caller(app.test_client(), None)
    for operation in set(list_operations(app)) - SIGNED:
        is_open = operation[1] in OPEN_PATHS or get_rule(*operation) is None
        assert (ask(stranger, operation) != 401) == is_open, operation


def test_a_route_that_does_not_say_what_it_needs_stops_the_service_from_starting() -> None:
    app = create_app(Settings(database_url="sqlite://"))
    app.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "everything")
    with pytest.raises(RuntimeError, match="/api/v1/forgotten"):
        assert_all_views_guarded(app)  # type: ignore[arg-type] # flask-openapi3's own class


def test_a_revocation_holds_at_once_in_every_service_on_the_database(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    first, second = make_app(settings), make_app(settings)
    admin = make_caller(first, Scope.ADMIN)
    made = admin.post("/api/v1/tokens", {"name": "short", "scope": "viewer"})
    elsewhere = Caller(second.test_client(), made["token"])
    elsewhere.get("/api/v1/nodes")
    admin.post(f"/api/v1/tokens/{made['token_id']}/revocation", {})
    elsewhere.get("/api/v1/nodes", status=401)


@pytest.mark.parametrize(
    "place",
    list(itertools.product(["token", "access_token", "api_key"], ["query", "cookie", "header"])),
)
def test_a_token_counts_only_in_its_header_and_is_logged_nowhere(
    admin: Caller, stranger: Caller, place: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    name, where = place
    text = admin.token or ""
    headers = {"cookie": {"Cookie": f"{name}={text}"}, "header": {f"X-{name}": text}}.get(where, {})
    query = f"?{name}={text}" if where == "query" else ""
    stranger.get(f"/api/v1/nodes{query}", status=401, headers=headers)
    admin.call("GET", "/api/v1/status", status=200)
    shown = "".join(capfd.readouterr())
    assert text[-20:] not in shown
