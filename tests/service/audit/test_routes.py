# SPDX-License-Identifier: Apache-2.0
"""The audit answers who, what, on what, when, and how it ended; and holds no secret."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session

from inventory_service.audit.usecases import Outcome, RecordFilter, list_changes, list_records
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.pagination import Page, SortKey
from inventory_service.core.redaction import HIDDEN
from tests.service.conftest import Caller, make_node

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def records(database: Database, operator: Caller, viewer: Caller, cluster: str) -> list[str]:
    """Some acts a minute apart, from noon on; told oldest first as `action noun subject`."""
    ansible = {"X-Quartermaster-Door": "ansible"}
    make_node(operator, "web-1", cluster_id=cluster)
    operator.patch("/api/v1/nodes/web-1", {"region": "eu"}, headers=ansible)
    operator.post("/api/v1/projects", {"project": "shop"})
    viewer.post("/api/v1/projects", {"project": "blog"}, status=403)
    operator.patch("/api/v1/projects/shop", {"owner": "Ada"})
    with database.writing() as session:
        # What made the callers' tokens and the cluster is older.
        known = session.query(AuditRecord).order_by(AuditRecord.id).all()
        for number, entry in enumerate(known):
            entry.at = NOON + timedelta(minutes=number + 5 - len(known))
        return [f"{one.action} {one.noun} {one.subject}" for one in known[-5:]]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("actor=test-operator", [0, 1, 2, 4]),
        ("actor=test-viewer", [3]),
        ("actor=test-viewer&noun=node", []),
        ("door=ansible", [1]),
        ("action=change", [1, 4]),
        ("action=change&noun=project", [4]),
        ("noun=node", [0, 1]),
        ("subject=shop", [2, 4]),
        ("noun=project&subject=shop&action=register", [2]),
        ("outcome=refused", [3]),
        ("outcome=done", [0, 1, 2, 4]),
        ("since=2026-11-21T12:02:00Z", [2, 3, 4]),
        ("until=2026-11-21T12:02:00Z", [0, 1]),
        ("since=2026-11-21T13:01:00%2B01:00&until=2026-11-21T12:03:00Z", [1, 2]),
    ],
)
def test_each_question_finds_its_records_newest_first(
    admin: Caller, records: list[str], query: str, numbers: list[int]
) -> None:
    since = "" if "since=" in query else "&since=2026-11-21T12:00:00Z"
    found = admin.get(f"/api/v1/audit?{query}{since}")["items"]
    assert [f"{one['action']} {one['noun']} {one['subject']}" for one in found] == [
        records[number] for number in reversed(numbers)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "door=window",
        "outcome=perhaps",
        "noun=A+B",
        "since=2026-11-21T12:00:00",
        "since=yesterday",
        "until=",
        "who=me",
        "cursor=WzFd",
        "cursor=WyItYXQsLWlkIiwieCIsMV0=",
        "cursor=WyItYXQsLWlkIiwiMjAyNi0xMS0yMSIsMV0=",
    ],
)
def test_what_cannot_be_meant_is_refused(admin: Caller, query: str) -> None:
    admin.get(f"/api/v1/audit?{query}", status=422)


def test_pages_follow_each_other_also_within_one_moment(
    admin: Caller, operator: Caller, database: Database
) -> None:
    names = [f"shop-{number}" for number in range(7)]
    for name in names:
        operator.post("/api/v1/projects", {"project": name})
    with database.writing() as session:
        session.execute(update(AuditRecord).values(at=NOON))
    seen, cursor = [], ""
    while True:
        page = admin.get(f"/api/v1/audit?noun=project&limit=2{cursor}")
        seen += [one["subject"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == names[::-1]


@pytest.mark.parametrize(
    ("index", "wanted"),
    [
        ("at", RecordFilter()),
        ("at", RecordFilter(since=NOON, until=NOON)),
        ("actor", RecordFilter(actor="x")),
        ("action", RecordFilter(outcome=Outcome.REFUSED)),
        ("action", RecordFilter(action="change", since=NOON)),
        ("noun", RecordFilter(noun="token")),
        ("subject", RecordFilter(noun="node", subject="x")),
    ],
)
def test_each_question_is_answered_in_order_from_an_index(
    database: Database, index: str, wanted: RecordFilter
) -> None:
    page = Page((SortKey("at", is_descending=True), SortKey("id", is_descending=True)), 9)
    plan = explain(database, lambda session: list_records(session, page, wanted))
    assert f"ix_audit_records_{index} " in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_changes_are_found_by_an_index(database: Database) -> None:
    page = Page((SortKey("revision"), SortKey("id")), 9, after=(1, 7))
    plan = explain(database, lambda session: list_changes(session, page, since=0))
    assert "ix_audit_records_revision_id " in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def explain(database: Database, read: Callable[[Session], object]) -> str:
    """Return how the database means to find what a function reads last."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, *rest: Any) -> None:
        seen.append((statement, rest[0]))

    if database.engine.dialect.name != "sqlite":
        # What another test has left of the table's size would be part of the estimate.
        with database.writing() as session:
            session.execute(text("TRUNCATE audit_records"))
    event.listen(database.engine, "before_cursor_execute", note)
    with database.reading() as session:
        read(session)
        event.remove(database.engine, "before_cursor_execute", note)
        word = "EXPLAIN QUERY PLAN"
        if database.engine.dialect.name != "sqlite":
            # The table is empty, and reading an empty one whole is the best way.
            for way in ("seqscan", "sort", "bitmapscan"):
                session.execute(text(f"SET LOCAL enable_{way} = off"))
            word = "EXPLAIN"
        statement, parameters = seen[-1]
        rows = session.connection().exec_driver_sql(f"{word} {statement}", parameters)
        return " ".join(f"{row[-1]} " for row in rows)


def documents(secret: str) -> st.SearchStrategy[Any]:
    """Return JSON values in which the secret stands somewhere: as a text, in one, or as a name."""
    around = st.text(st.sampled_from('ab "/_-{}\\é\u2028'), max_size=8)
    texts = st.tuples(around, around).map(lambda pair: f"{pair[0]}{secret}{pair[1]}")
    return st.recursive(
        texts,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(texts | st.sampled_from(["region", "vars", "note"]), inner)
        ),
        max_leaves=6,
    )


def test_no_token_reaches_the_records_whatever_is_done_with_it(
    admin: Caller, operator: Caller, viewer: Caller, cluster: str, database: Database
) -> None:
    made = admin.post("/api/v1/tokens", {"name": "ci"})
    secret, token_id = made["token"], made["token_id"]
    make_node(operator, "web-1", cluster_id=cluster)

    @settings(
        max_examples=40,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(value=documents(secret), name=st.sampled_from(["vars", "labels", "reason", "region"]))
    def careless(value: Any, name: str) -> None:
        values = value if name in {"vars", "labels"} else json.dumps(value)
        for caller in (operator, viewer):
            headers = {"Authorization": f"Bearer {caller.token}"}
            bodies = {
                "/api/v1/nodes/web-1": ("PATCH", {name: {"note": values}}),
                "/api/v1/projects": ("POST", {"project": "shop", "description": str(values)}),
                f"/api/v1/nodes/{secret}/transitions": ("POST", {"state": "active", name: values}),
                f"/api/v1/tokens/{'x' * 190}{secret}/revocation": ("POST", {}),
            }
            for path, (method, body) in bodies.items():
                caller.client.open(path, method=method, json=body, headers=headers)

    careless()
    operator.patch("/api/v1/nodes/web-1", {"vars": {"note": f"{secret}"}, "reason": secret})
    with database.reading() as session:
        rows = session.execute(text("SELECT * FROM audit_records")).all()
    whole = " ".join(map(str, rows))
    assert secret not in whole
    # No part of it, where a long path was cut, and no other way of writing it.
    parts = [secret[16:][at : at + 12] for at in range(0, 32, 4)]
    assert not [part for part in parts if part in whole]
    # Which token it was can be seen: it must be revoked now.
    assert f"qm_{token_id}_{HIDDEN}" in whole


def test_what_is_named_a_secret_is_hidden_before_and_after(
    admin: Caller, operator: Caller, cluster: str
) -> None:
    make_node(operator, "web-1", cluster_id=cluster, vars={"db_password": "old one", "port": 1})
    operator.patch("/api/v1/nodes/web-1", {"vars": {"db_password": "new one", "port": 2}})
    entry, registered = admin.get("/api/v1/audit?subject=web-1")["items"]
    assert entry["before"]["vars"] == {"db_password": HIDDEN, "port": 1}
    assert entry["after"]["vars"] == {"db_password": HIDDEN, "port": 2}
    assert registered["after"]["vars"]["db_password"] == HIDDEN
    assert operator.get("/api/v1/nodes/web-1")["vars"]["db_password"] == "new one"
