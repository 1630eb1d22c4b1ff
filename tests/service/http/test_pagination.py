# SPDX-License-Identifier: Apache-2.0
"""Lists in any order and with any fields, page by page."""

import base64
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from inventory_service.audit import routes as audit
from inventory_service.core.actors import Scope
from inventory_service.fleet.routes import clusters, environments, nodes, projects, services
from inventory_service.http.pagination import ListSpec
from inventory_service.identity.routes import tokens
from tests.service.conftest import Caller, make_node

#: Each list, with what it can be sorted by.
LISTS: dict[str, ListSpec] = {
    "nodes": nodes.LISTING,
    "clusters": clusters.RESOURCE.make_listing(),
    "projects": projects.RESOURCE.make_listing(),
    "environments": environments.RESOURCE.make_listing(),
    "services": services.RESOURCE.make_listing(),
    "tokens": tokens.LISTING,
    "audit": audit.RECORDS,
}


@pytest.fixture
def fleet(admin: Caller) -> Caller:
    """Several of each kind, with and without values."""
    for number, region in enumerate(["eu", None, "us", "eu", None]):
        cluster = {"cluster_id": f"c{number}", "mesh_prefix": f"10.{number}.0.0/24"}
        admin.post("/api/v1/clusters", cluster | {"region": region})
        admin.post("/api/v1/projects", {"project": f"p{number}", "owner": region})
        service = {"service": f"s{number}", "project": f"p{number % 2}", "environment": "prod"}
        admin.post("/api/v1/services", service | {"scrape_job": region})
        name = f"n{4 - number}"
        make_node(admin, name, cluster_id="c0", region=region, spec="s-1vcpu-1gb")
        if number % 2:
            admin.call("POST", f"/api/v1/nodes/{name}/heartbeat", status=204)
            admin.post(f"/api/v1/services/s{number}/retirement", {})
            admin.post(f"/api/v1/clusters/c{number}/retirement", {})
    for name in ("a", "b", "c"):
        admin.post("/api/v1/tokens", {"name": name, "scope": Scope.VIEWER})
    return admin


def pages(caller: Caller, path: str, query: str) -> Iterator[list[dict[str, Any]]]:
    cursor = ""
    while True:
        page = caller.get(f"/api/v1/{path}?{query}{cursor}")
        yield page["items"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


def read(caller: Caller, path: str, query: str) -> list[dict[str, Any]]:
    return list(itertools.chain.from_iterable(pages(caller, path, query)))


def in_order(things: Sequence[dict[str, Any]], *orders: str) -> list[dict[str, Any]]:
    """Return the things as they should stand: what has no value counts as the largest."""
    things = list(things)
    for order in reversed(orders):
        name = order.removeprefix("-")
        things.sort(
            key=lambda thing: (thing[name] is None, thing[name] or 0),
            reverse=order.startswith("-"),
        )
    return things


def test_each_list_comes_in_each_order_and_no_page_misses_or_repeats_one(fleet: Caller) -> None:
    for path, listing in LISTS.items():
        everything = read(fleet, path, "")
        assert len(everything) > 3
        for column in listing.sortable:
            for order in (column, f"-{column}"):
                found = read(fleet, path, f"limit=3&sort={order}")
                assert found == in_order(everything, order, listing.tiebreakers[0]), (path, order)


def test_several_columns_sort_together_each_its_own_way_round(fleet: Caller) -> None:
    everything = read(fleet, "nodes", "")
    for orders in (("region", "-node_id"), ("-region", "last_seen"), ("-last_seen", "region")):
        found = read(fleet, "nodes", f"limit=1&sort={','.join(orders)}")
        assert found == in_order(everything, *orders, "node_id")


def test_a_page_is_right_though_its_last_one_has_gone_meanwhile(fleet: Caller) -> None:
    steps = pages(fleet, "nodes", "limit=2&sort=-node_id")
    assert [node["node_id"] for node in next(steps)] == ["n4", "n3"]
    fleet.post("/api/v1/nodes/n3/transitions", {"state": "retired"})
    make_node(fleet, "n35", cluster_id="c0")
    assert [node["node_id"] for node in next(steps)] == ["n2", "n1"]


@pytest.mark.parametrize("sort", ["vars", "-", "node_id,node_id", "node_id,-node_id", "id", "a b"])
def test_an_order_that_can_not_be_meant_is_named(viewer: Caller, sort: str) -> None:
    problem = viewer.get("/api/v1/nodes", query_string={"sort": sort}, status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["sort"]
    assert "node_type, cluster_id" in problem["detail"]


def test_a_cursor_of_another_order_is_refused(fleet: Caller) -> None:
    cursor = fleet.get("/api/v1/nodes?limit=1&sort=-region")["next_cursor"]
    for query in ("", "sort=region&", "sort=-region,node_type&"):
        problem = fleet.get(f"/api/v1/nodes?{query}cursor={cursor}", status=422)
        assert "another order" in problem["detail"]
    fleet.get(f"/api/v1/nodes?sort=-region&cursor={cursor}")


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["last_seen"],
        ["last_seen,node_id,id", "2026-01-01T00:00:00Z", "n1"],
        ["last_seen,node_id,id", "2026-01-01T00:00:00", "n1", 1],
        ["last_seen,node_id,id", "0001-01-01T00:00:00+14:00", "n1", 1],
        ["last_seen,node_id,id", "yesterday", "n1", 1],
        ["last_seen,node_id,id", 7, "n1", 1],
        ["last_seen,node_id,id", None, None, 1],
        ["last_seen,node_id,id", None, "n1\x00", 1],
        ["last_seen,node_id,id", None, "n1", True],
        ["last_seen,node_id,id", None, "n1", 2**31],
        {"last_seen": 1},
    ],
)
def test_a_cursor_that_no_list_gave_is_refused(viewer: Caller, values: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    query = {"sort": "last_seen", "cursor": cursor}
    problem = viewer.get("/api/v1/nodes", query_string=query, status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["cursor"]


def test_only_the_fields_that_are_asked_for_are_shown(fleet: Caller) -> None:
    for path in LISTS:
        everything = read(fleet, path, "")
        wanted = list(everything[0])[:2]
        found = read(fleet, path, f"limit=5&fields={','.join(wanted)}")
        assert found == [{name: thing[name] for name in wanted} for thing in everything]


@pytest.mark.parametrize("fields", ["digest", "name,name", "name,nope"])
def test_a_field_that_there_is_not_is_named_with_those_there_are(
    admin: Caller, fields: str
) -> None:
    problem = admin.get(f"/api/v1/tokens?fields={fields}", status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["fields"]
    assert "Allowed: token_id, name, account, scope" in problem["detail"]


def test_the_documentation_tells_what_can_be_asked_for(viewer: Caller) -> None:
    document = viewer.get("/api/v1/openapi.json")
    for path, listing in LISTS.items():
        operation = document["paths"][f"/api/v1/{path}"]["get"]
        said = {one["name"]: one for one in operation["parameters"]}
        assert ", ".join(listing.sortable) in said["sort"]["description"]
        assert "|".join(listing.view.model_fields) in said["fields"]["schema"]["pattern"]
