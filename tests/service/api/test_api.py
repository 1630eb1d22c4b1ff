# SPDX-License-Identifier: Apache-2.0
"""The API as a whole: a name that only looks like another one gets in by no route."""

from typing import Any

import pytest

from tests.service.conftest import Caller, make_node

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


def make_doors(name: str) -> list[tuple[str, Any]]:
    """Return a request for each door through which a name may come."""
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
def test_a_name_that_only_looks_like_another_is_refused_at_every_door(
    admin: Caller, cluster: str, name: str, named: str
) -> None:
    make_node(admin, "web-1", cluster_id=cluster)
    revision = admin.get("/api/v1/status")["revision"]
    for path, body in make_doors(name):
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
