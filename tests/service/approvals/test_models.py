# SPDX-License-Identifier: Apache-2.0
"""An approval is a row of its own, which shows who, when, through which door and why."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from inventory_service.approvals.domain import Decision
from inventory_service.approvals.models import Approval
from inventory_service.core.database.engine import Database
from inventory_service.core.revision import get_revision
from tests.service.approvals.plan_rows import BERT, DIGEST, add_template, make_plan


def test_an_approval_shows_what_it_is(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        run_id = make_plan(session).id
        given = Approval.give(
            session, BERT, run_id, Decision.APPROVE, digest=DIGEST, comment="looks good"
        )
        session.flush()
        shown = given.as_dict()
        assert shown.pop("at") <= datetime.now(UTC)
        assert shown == {
            "run_id": run_id,
            "approver": "bert",
            "door": "cli",
            "decision": "approve",
            "digest": DIGEST,
            "comment": "looks good",
            "revision": get_revision(session),
        }


def test_the_table_holds_one_decision_a_person(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        run_id = make_plan(session).id
        Approval.give(session, BERT, run_id, Decision.APPROVE, digest=DIGEST, comment=None)
        session.flush()
        session.expunge_all()
        Approval.give(session, BERT, run_id, Decision.REJECT, digest=DIGEST, comment="no")
        with pytest.raises(IntegrityError), session.begin_nested():
            session.flush()
        session.expunge_all()
        session.rollback()
