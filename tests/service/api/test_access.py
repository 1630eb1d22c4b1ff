# SPDX-License-Identifier: Apache-2.0
"""Every route says what it needs, and gives nobody more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from inventory_service.domain.actors import Scope
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_caller

PUBLIC = {"health.live", "health.ready", "_docs", "static"}
OPEN_WHERE_SET = {
    "inventory.get_inventory",
    "inventory.merge_inventory",
    "first_inventory.get_first_inventory",
    "ssh.get_known_hosts",
    "prometheus.get_targets",
    "_metrics",
}

#: What routes need to be sent to answer at all.
BODIES = {
    "inventory.merge_inventory": {"terraform": '{"nodes": {"sensitive": false, "value": []}}'}
}


def routes_of(app: Flask) -> list[tuple[str, str, str, tuple[Scope, bool] | None]]:
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
            (rule.endpoint, method, path, getattr(view, "needs", "unsaid"))
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


def test_no_scope_is_enough_for_what_needs_a_higher_one(app: Flask) -> None:
    callers = {scope: make_caller(app, scope) for scope in Scope}
    for _, method, path, need in routes_of(app):
        if not isinstance(need, tuple):
            continue
        for scope, caller in callers.items():
            answer = caller.client.open(
                path,
                method=method,
                json={} if method != "GET" else None,
                headers={"Authorization": f"Bearer {caller.token}"},
            )
            assert (answer.status_code == 403) == (not scope.covers(need[0])), (path, scope)


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

    monkeypatch.setattr("inventory_service.usecases.tokens.datetime", Later)
    two.get("/api/v1/nodes", status=401)


def test_the_door_in_the_header_is_a_label_from_a_short_list(operator: Caller) -> None:
    for door, recorded in (("cli", "cli"), ("ansible", "ansible"), ("root; x", "api")):
        name = f"shop-{recorded}"
        operator.post("/api/v1/projects", {"project": name}, headers={"X-Quartermaster-Door": door})
    admin = operator.client.application
    records = make_caller(admin, Scope.ADMIN).get("/api/v1/audit?noun=project")["items"]
    assert [entry["door"] for entry in records] == ["api", "ansible", "cli"]
