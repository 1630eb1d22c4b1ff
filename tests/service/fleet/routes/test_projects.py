# SPDX-License-Identifier: Apache-2.0
"""Projects over HTTP."""

from tests.service.conftest import Caller, make_node


def test_a_project_lives_from_registration_to_retirement(operator: Caller, cluster: str) -> None:
    operator.post("/api/v1/projects", {"project": "shop", "owner": "Ada Example"})
    operator.post("/api/v1/projects", {"project": "shop"}, status=409)
    assert operator.patch("/api/v1/projects/shop", {"owner": None})["owner"] is None
    make_node(operator, "web-1", project="shop", cluster_id=cluster)
    operator.post("/api/v1/projects/shop/retirement", {}, status=409)
    operator.post("/api/v1/nodes/web-1/transitions", {"state": "retired"})
    assert operator.post("/api/v1/projects/shop/retirement", {})["retired_at"]
    body = {"node_id": "web-2", "node_type": "web", "cluster_id": cluster, "project": "shop"}
    operator.post("/api/v1/nodes", body, status=422)


def test_lists_are_paged(operator: Caller) -> None:
    for name in ("a", "b", "c"):
        operator.post("/api/v1/projects", {"project": name})
    first = operator.get("/api/v1/projects?limit=2")
    rest = operator.get(f"/api/v1/projects?cursor={first['next_cursor']}")
    names = [one["project"] for one in first["items"] + rest["items"]]
    assert (names, rest["next_cursor"]) == (["a", "b", "c"], None)
