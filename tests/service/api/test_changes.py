# SPDX-License-Identifier: Apache-2.0
"""What changed after a revision, for programs that keep a copy."""

from tests.service.conftest import Caller, make_node


def test_a_copy_can_be_brought_up_to_date(operator: Caller, viewer: Caller, cluster: str) -> None:
    seen = viewer.get("/api/v1/status")["revision"]
    make_node(operator, "web-1", cluster_id=cluster)
    operator.patch("/api/v1/nodes/web-1", {"region": "eu"})
    operator.post("/api/v1/projects", {"project": "shop"})
    page = viewer.get(f"/api/v1/changes?since={seen}&limit=2")
    rest = viewer.get(f"/api/v1/changes?since={seen}&cursor={page['next_cursor']}")
    changes = page["items"] + rest["items"]
    assert [(one["action"], one["noun"], one["subject"]) for one in changes] == [
        ("register", "node", "web-1"),
        ("change", "node", "web-1"),
        ("register", "project", "shop"),
    ]
    assert [one["revision"] for one in changes] == [seen + 1, seen + 2, seen + 3]
    assert set(changes[0]) == {"revision", "at", "action", "noun", "subject"}
    assert viewer.get(f"/api/v1/changes?since={seen + 3}")["items"] == []


def test_a_revision_that_is_none_is_refused(viewer: Caller) -> None:
    for since in ("-1", "x", str(2**40)):
        viewer.get(f"/api/v1/changes?since={since}", status=422)
