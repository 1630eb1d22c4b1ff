# SPDX-License-Identifier: Apache-2.0
"""What changed after a revision, for programs that keep a copy."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.retention import prune_expired
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


def test_a_copy_that_is_too_old_is_told_so_and_never_given_a_gap(
    operator: Caller, viewer: Caller, database: Database
) -> None:
    for name in ("one", "two", "three", "four"):
        operator.post("/api/v1/projects", {"project": name})
    last = viewer.get("/api/v1/status")["revision"]
    page = viewer.get(f"/api/v1/changes?since={last - 3}&limit=1")
    with database.writing() as session:
        old = datetime.now(UTC) - timedelta(days=31)
        early = AuditRecord.revision <= last - 2
        session.execute(update(AuditRecord).where(early).values(at=old))
        prune_expired(session, timedelta(days=30), limit=100)
    for since in (0, last - 3):
        problem = viewer.get(f"/api/v1/changes?since={since}", status=410)
        assert problem["type"] == "urn:quartermaster:problem:Forgotten"
        assert "/api/v1/status" in problem["detail"]
    # The page before ended inside of what was forgotten since then.
    cursor = page["next_cursor"]
    viewer.get(f"/api/v1/changes?since={last - 3}&cursor={cursor}", status=410)
    found = viewer.get(f"/api/v1/changes?since={last - 2}")["items"]
    assert [one["subject"] for one in found] == ["three", "four"]


def test_a_copy_of_a_fleet_that_was_set_back_is_told_so(viewer: Caller) -> None:
    now = viewer.get("/api/v1/status")["revision"]
    assert viewer.get(f"/api/v1/changes?since={now}")["items"] == []
    problem = viewer.get(f"/api/v1/changes?since={now + 1}", status=410)
    assert "another history" in problem["detail"]


def test_many_changes_of_one_revision_are_paged(
    operator: Caller, viewer: Caller, cluster: str
) -> None:
    since = viewer.get("/api/v1/status")["revision"]
    nodes = [
        {"node_id": f"web-{number}", "node_type": "web", "cluster_id": cluster}
        for number in range(7)
    ]
    operator.post("/api/v1/registrations", {"nodes": nodes})
    seen, cursor = [], ""
    while True:
        page = viewer.get(f"/api/v1/changes?since={since}&limit=3{cursor}")
        seen += [one["subject"] for one in page["items"] if one["noun"] == "node"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [node["node_id"] for node in nodes]


def test_a_time_range_has_its_beginning_and_not_its_end(operator: Caller, admin: Caller) -> None:
    for name in ("one", "two"):
        operator.post("/api/v1/projects", {"project": name})
    records = {
        one["subject"]: one["at"] for one in admin.get("/api/v1/audit?noun=project")["items"]
    }
    assert records["one"] < records["two"]

    def list_subjects(**times: str) -> list[str]:
        page = admin.get("/api/v1/audit", query_string={"noun": "project", **times})
        return sorted(one["subject"] for one in page["items"])

    assert list_subjects(since=records["one"]) == ["one", "two"]
    assert list_subjects(since=records["two"]) == ["two"]
    assert list_subjects(until=records["two"]) == ["one"]
    assert list_subjects(until=records["one"]) == []
    assert list_subjects(since=records["one"], until=records["two"]) == ["one"]
