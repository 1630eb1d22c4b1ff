# SPDX-License-Identifier: Apache-2.0
"""Services over HTTP: their ports, their nodes, and who reads of them."""

from typing import Any

import pytest

from inventory_service.fleet.domain.ports import get_hash_based_port
from tests.service.conftest import Caller, make_node

PATH = "/api/v1/services"
API = {"service": "shop-api", "project": "shop", "environment": "prod", "node_types": ["web"]}


@pytest.fixture(autouse=True)
def fleet(operator: Caller, cluster: str) -> None:
    """Two nodes in service for shop in prod, one in uat, and a database of nobody's project."""
    operator.post("/api/v1/projects", {"project": "shop"})
    for number, (name, kind, environment) in enumerate(
        [
            ("web-1", "web", "prod"),
            ("web-2", "web", "prod"),
            ("uat-1", "web", "uat"),
        ],
        start=1,
    ):
        make_node(
            operator,
            name,
            state="active",
            node_type=kind,
            project="shop",
            environment=environment,
            internal_ip=f"10.0.0.{number}",
            cluster_id=cluster,
        )
    make_node(operator, "db-1", state="active", node_type="data", internal_ip="10.0.0.9")


def inventory(caller: Caller) -> Any:
    return caller.get("/api/v1/inventory")


def test_a_service_lives_from_registration_to_retirement(operator: Caller) -> None:
    made = operator.call("POST", PATH, status=201, json=API | {"health_path": "/health"})
    assert made.headers["Location"] == f"{PATH}/shop-api"
    operator.post(PATH, API, status=409)
    changed = operator.patch(f"{PATH}/shop-api", {"health_path": None, "nodes": ["db-1"]})
    assert (changed["health_path"], changed["nodes"]) == (None, ["db-1"])
    stale = {"If-Match": made.headers["ETag"]}
    operator.patch(f"{PATH}/shop-api", {"health_path": "/x"}, status=412, headers=stale)
    operator.patch(f"{PATH}/shop-api", {"port": 80}, status=422)
    assert operator.post(f"{PATH}/shop-api/retirement", {"reason": "over"})["retired_at"]
    operator.patch(f"{PATH}/shop-api", {"health_path": "/x"}, status=409)
    operator.post(PATH, API, status=409)


def test_a_port_is_given_by_name_and_stays(operator: Caller) -> None:
    port = operator.post(PATH, API)["port"]
    assert port == get_hash_based_port("shop", "prod", 20000, 10000, service="shop-api")
    wish = {"project": "shop", "environment": "prod", "base": 20000, "range": 10000}
    again = operator.post("/api/v1/ports", wish | {"service": "shop-api"}, status=200)
    assert (again["port"], again["service"]) == (port, "shop-api")
    assert operator.post("/api/v1/ports", wish)["service"] is None


def test_services_of_one_project_never_share_a_port_that_was_given(operator: Caller) -> None:
    own = {"port_base": 8000, "port_range": 2}
    operator.post(PATH, API | {"service": "named", "port": 8001})
    assert operator.post(PATH, API | own)["port"] == 8000
    problem = operator.post(PATH, API | own | {"service": "late"}, status=409)
    assert problem["type"].endswith(":Exhausted")
    problem = operator.post(PATH, API | {"service": "thief", "port": 8000}, status=409)
    assert "was given to shop-api" in problem["detail"]


def test_two_services_may_name_one_port(operator: Caller) -> None:
    for name, environment in (("prod-db", "prod"), ("uat-db", "uat")):
        body = {"service": name, "environment": environment, "port": 5432, "protocol": "tcp"}
        assert operator.post(PATH, API | body)["port"] == 5432


def test_it_runs_on_the_types_of_its_project_and_on_the_nodes_that_it_names(
    operator: Caller, cluster: str
) -> None:
    operator.post(PATH, API | {"nodes": ["db-1", "web-1"]})
    assert inventory(operator)["service_shop_api"] == {"hosts": ["db-1", "web-1", "web-2"]}
    fields = {"project": "shop", "environment": "prod", "internal_ip": "10.0.0.4"}
    make_node(operator, "web-3", state="active", cluster_id=cluster, **fields)
    operator.patch("/api/v1/nodes/web-1", {"environment": "uat"})
    operator.post("/api/v1/nodes/db-1/transitions", {"state": "retired"})
    assert inventory(operator)["service_shop_api"] == {"hosts": ["web-1", "web-2", "web-3"]}
    operator.post(f"{PATH}/shop-api/retirement", {})
    assert "service_shop_api" not in inventory(operator)


def test_a_node_knows_what_runs_on_it(operator: Caller) -> None:
    port = operator.post(PATH, API | {"health_path": "/health"})["port"]
    operator.post(PATH, API | {"service": "db", "port": 5432, "protocol": "tcp"})
    hosts = inventory(operator)["_meta"]["hostvars"]
    assert hosts["web-1"]["node_services"] == {
        "db": {"port": 5432, "protocol": "tcp", "health_path": None},
        "shop-api": {"port": port, "protocol": "http", "health_path": "/health"},
    }
    assert "node_services" not in hosts["uat-1"]


def test_the_columns_have_the_same_groups(operator: Caller) -> None:
    operator.post(PATH, API | {"nodes": ["db-1"]})
    columns = operator.get("/api/v1/inventory?format=columns")
    names = [row[0] for row in columns["rows"]]
    hosts = [names[index] for index in columns["groups"]["service_shop_api"]]
    assert {"hosts": hosts} == inventory(operator)["service_shop_api"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"project": "other"}, "project"),
        ({"environment": "prdo"}, "environment"),
        ({"nodes": ["web-1", "gone"]}, "nodes.1"),
        ({"health_path": "no slash"}, "health_path"),
        ({"health_path": "/{{ x }}"}, "health_path"),
        ({"protocol": "udp", "health_path": "/health"}, "health_path"),
        ({"protocol": "tcp", "scrape_job": "api"}, "scrape_job"),
        ({"port": 0}, "port"),
        ({"port_base": 65000}, "body"),
        ({"service": "a_b"}, "service"),
        ({"node_types": ["service-x"]}, "node_types.0"),
    ],
)
def test_bad_input_is_refused_and_named(
    operator: Caller, fields: dict[str, Any], field: str
) -> None:
    problem = operator.post(PATH, API | fields, status=422)
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert operator.get(PATH)["items"] == []


def test_a_change_is_held_to_the_same_rules(operator: Caller) -> None:
    operator.post(PATH, API | {"health_path": "/health", "nodes": ["db-1"]})
    operator.patch(f"{PATH}/shop-api", {"protocol": "udp"}, status=422)
    operator.patch(f"{PATH}/shop-api", {"nodes": ["gone"]}, status=422)
    assert operator.get(f"{PATH}/shop-api")["protocol"] == "http"
    # A node that is retired by now may stay named; it just drops out.
    operator.post("/api/v1/nodes/db-1/transitions", {"state": "retired"})
    operator.patch(f"{PATH}/shop-api", {"nodes": ["db-1", "web-1"]})


def test_what_a_service_belongs_to_does_not_end_before_it(operator: Caller) -> None:
    operator.post(PATH, API | {"environment": "test"})
    for path in ("projects/shop", "environments/test"):
        if path.startswith("projects"):
            for name in ("web-1", "web-2", "uat-1"):
                operator.post(f"/api/v1/nodes/{name}/transitions", {"state": "retired"})
        problem = operator.post(f"/api/v1/{path}/retirement", {}, status=409)
        assert "has 1 services: shop-api" in problem["detail"]


def test_a_job_has_the_targets_of_its_services(operator: Caller) -> None:
    body = API | {"scrape_job": "api", "metrics_path": "/internal/metrics"}
    port = operator.post(PATH, body)["port"]
    uat = {"service": "uat-api", "environment": "uat", "protocol": "https", "scrape_job": "api"}
    operator.post(PATH, API | uat | {"port": 8443})
    operator.post(PATH, API | {"service": "other", "scrape_job": "other"})
    targets = operator.get("/api/v1/prometheus/targets?job=api")
    assert [one["targets"] for one in targets] == [
        ["10.0.0.3:8443"],
        [f"10.0.0.1:{port}"],
        [f"10.0.0.2:{port}"],
    ]
    assert (
        targets[0]["labels"].items()
        >= {
            "__meta_quartermaster_node_id": "uat-1",
            "__meta_quartermaster_service": "uat-api",
            "__metrics_path__": "/metrics",
            "__scheme__": "https",
        }.items()
    )
    assert targets[1]["labels"]["__metrics_path__"] == "/internal/metrics"
    narrowed = operator.get("/api/v1/prometheus/targets?job=api&environment=uat")
    assert narrowed == targets[:1]


def test_a_job_that_never_was_is_an_error_and_one_that_ended_is_empty(operator: Caller) -> None:
    operator.get("/api/v1/prometheus/targets?job=api", status=404)
    operator.post(PATH, API | {"scrape_job": "api"})
    operator.post(f"{PATH}/shop-api/retirement", {})
    assert operator.get("/api/v1/prometheus/targets?job=api") == []
    operator.get("/api/v1/prometheus/targets?job=api&port=1", status=422)
