# SPDX-License-Identifier: Apache-2.0
"""Changes and denied requests are recorded without secrets; only changes raise the revision."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord, record, record_refusal
from inventory_service.core.database.base import Base
from inventory_service.core.revision import Fleet, get_revision

ACTOR = Actor("ci", Channel.ANSIBLE, Scope.OPERATOR)
TOKEN = "qm_0123456789ab_" + "A" * 43


@pytest.fixture
def session() -> Iterator[Session]:
    """A transaction on a fleet at revision 7."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[AuditRecord.__table__, Fleet.__table__])  # type: ignore[list-item] # a Table, as declared
    with Session(engine) as session:
        session.add(Fleet(revision=7))
        yield session
    engine.dispose()


def read(session: Session) -> AuditRecord:
    session.flush()
    session.expire_all()
    return session.scalars(select(AuditRecord)).one()


def test_a_change_is_recorded_with_its_actor_and_the_next_revision(session: Session) -> None:
    before, after = {"owner": None}, {"owner": "ops"}
    record(session, ACTOR, "change", "project", "shop", before=before, after=after, reason="moved")
    shown = read(session).as_dict()
    assert {name: shown[name] for name in ("actor", "door", "action", "noun", "subject")} == {
        "actor": "ci",
        "door": "ansible",
        "action": "change",
        "noun": "project",
        "subject": "shop",
    }
    assert (shown["before"], shown["after"], shown["reason"]) == (before, after, "moved")
    assert shown["revision"] == get_revision(session) == 8


def test_a_record_holds_no_token_and_no_secret(session: Session) -> None:
    record(
        session,
        ACTOR,
        "change",
        "project",
        TOKEN,
        before={"note": TOKEN},
        after={"vars": {"db_password": "s3cret"}},
        reason=f"see {TOKEN}",
    )
    shown = str(read(session).as_dict())
    assert "A" * 43 not in shown
    assert "s3cret" not in shown
    assert shown.count("qm_0123456789ab_(hidden)") == 3


def test_a_denied_request_is_recorded_at_the_present_revision(session: Session) -> None:
    record_refusal(session, ACTOR, "POST /api/v1/nodes", status=403, reason="needs operator")
    shown = read(session).as_dict()
    assert (shown["action"], shown["noun"]) == ("refuse", "request")
    assert (shown["subject"], shown["reason"]) == ("POST /api/v1/nodes", "needs operator")
    assert (shown["before"], shown["after"]) == (None, {"status": 403})
    assert shown["revision"] == get_revision(session) == 7


def test_a_denied_request_is_cut_to_its_columns_and_holds_no_nul_and_no_token(
    session: Session,
) -> None:
    record_refusal(session, ACTOR, "GET /\x00" + "x" * 500, status=400, reason=TOKEN + "y" * 2000)
    shown = read(session)
    assert shown.subject == "GET /\N{SYMBOL FOR NULL}" + "x" * 249
    assert len(shown.reason or "") == 1000
    assert "A" * 43 not in (shown.reason or "")
