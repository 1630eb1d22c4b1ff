# SPDX-License-Identifier: Apache-2.0
"""A run keeps its whole input, changes by the table of states, and records what people did."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.identity.domain.tokens import make_token
from inventory_service.runs.domain.locks import LockMode
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import FIELDS, Run
from tests.service.run_rows import LEASE, OPERATOR, add_template

OPTIONS = {"concurrency": 2, "tags": ["a"]}


def make_run(session: Session, **fields: Any) -> Run:
    wanted = {
        "template": "deploy",
        "playbook": "acme.shop.deploy",
        "limit": "web",
        "hosts": ["web-1", "web-2"],
        "options": OPTIONS,
        "variables": {"colour": "blue"},
        "answers": {"version": "1.2"},
        "locks": {"db": "shared", "host:web-1": "exclusive", "host:web-2": "exclusive"},
        "is_idempotent": True,
    }
    run = Run(**wanted | fields)
    run.submit(session, OPERATOR, "a reason")
    return run


def list_acts(session: Session) -> list[tuple[str, str, str | None]]:
    query = select(AuditRecord).where(AuditRecord.noun == "run").order_by(AuditRecord.id)
    session.flush()
    return [(one.actor, one.action, one.reason) for one in session.scalars(query)]


@pytest.fixture
def ready(store: Database) -> Database:
    with store.writing() as session:
        add_template(session)
    return store


def test_a_run_goes_through_its_life(ready: Database) -> None:
    with ready.writing() as session:
        run = make_run(session)
        found = run.as_dict()
        assert found.keys() == set(FIELDS)
        assert (found["state"], found["host_count"], found["attempt"]) == ("queued", 2, 0)
        assert (found["requested_by"], found["door"], found["reason"]) == (
            "olaf",
            "api",
            "a reason",
        )
        assert (found["event_count"], found["missing_events"], found["results"]) == (0, 0, {})
        ordered = run.revision

        run.block("waits for the host web-1")
        run.block("waits for the host web-2")
        assert (run.state, run.state_reason) == ("blocked", "waits for the host web-2")
        run.unblock()
        assert (run.state, run.state_reason) == ("queued", None)
        run.unblock()

        before = datetime.now(UTC)
        run.claim("w1", "token", "1:1:1", LEASE)
        assert (run.state, run.worker, run.claim_token) == ("starting", "w1", "token")
        assert run.attempt == 1
        assert run.lease_until is not None
        assert timedelta(0) <= run.lease_until - before - LEASE < timedelta(minutes=1)
        run.begin("7@123", LEASE)
        assert (run.state, run.supervisor) == ("running", "7@123")
        assert run.started_at is not None
        assert run.lease_until == run.started_at + LEASE
        run.renew(2 * LEASE)
        assert run.lease_until > run.started_at + LEASE
        # Its worker does all of this by itself, and often: it is no change of the fleet.
        assert run.revision == ordered
    with ready.writing() as session:
        session.add(run)
        run.end(RunState.FAILED, "failed on web-1", actor=OPERATOR, exit_code=2)
        assert (run.state, run.state_reason, run.exit_code) == ("failed", "failed on web-1", 2)
        ended = (run.claim_token, run.lease_until, run.ended_at)
        assert [value is None for value in ended] == [True, True, False]
        assert run.revision == ordered + 1
        assert list_acts(session) == [("olaf", "order", "a reason"), ("olaf", "failed", None)]


def test_a_run_that_was_not_begun_goes_back_into_the_queue(ready: Database) -> None:
    with ready.writing() as session:
        run = make_run(session)
        run.claim("w1", "token", "1:1:1", LEASE)
        run.put_back("x" * 1500)
        given = {run.worker, run.claim_token, run.lease_until}
        assert (run.state, given) == ("queued", {None})
        assert run.state_reason == "x" * 1000
        run.claim("w2", "other", "1:1:1", LEASE)
        assert (run.attempt, run.worker) == (2, "w2")


@pytest.mark.parametrize(
    ("steps", "state", "why"),
    [
        ("", "cancelled", "cancelled by olaf: too late"),
        ("block", "cancelled", "cancelled by olaf: too late"),
        ("claim", "cancelling", "cancelled by olaf: too late"),
        ("claim begin", "cancelling", "cancelled by olaf: too late"),
    ],
)
def test_a_run_is_cancelled_at_once_only_while_it_waits(
    ready: Database, steps: str, state: str, why: str
) -> None:
    acts: dict[str, Callable[[Run], None]] = {
        "block": lambda run: run.block("waits"),
        "claim": lambda run: run.claim("w1", "token", "1:1:1", LEASE),
        "begin": lambda run: run.begin("7@123", LEASE),
    }
    with ready.writing() as session:
        run = make_run(session)
        for step in steps.split():
            acts[step](run)
        run.cancel(OPERATOR, "too late")
        assert (run.state, run.state_reason) == (state, why)
        assert (run.ended_at is not None) is (state == "cancelled")
        assert list_acts(session)[1:] == [("olaf", state, "too late")]
        if state == "cancelling":
            run.cancel(OPERATOR, "again")
            assert run.state_reason == why
        else:
            with pytest.raises(Conflict, match=f"Run {run.id} has ended: it is cancelled"):
                run.cancel(OPERATOR, None)
        assert len(list_acts(session)) == 2


def test_reasons_fit_into_their_column(ready: Database) -> None:
    with ready.writing() as session:
        run = make_run(session)
        run.claim("w1", "token", "1:1:1", LEASE)
        run.cancel(OPERATOR, "r" * 1000)
        assert run.state_reason is not None
        assert len(run.state_reason) == 1000
        run.end(RunState.CANCELLED, "w" * 2000, actor=OPERATOR)
    with ready.reading() as session:
        assert session.get_one(Run, run.id).state_reason == "w" * 1000


@pytest.mark.parametrize("state", sorted(ENDED))
def test_a_run_that_has_ended_takes_no_more_acts(ready: Database, state: RunState) -> None:
    acts: list[Callable[[Run], None]] = [
        lambda run: run.claim("w1", "token", "1:1:1", LEASE),
        lambda run: run.block("waits"),
        lambda run: run.begin("7@123", LEASE),
        lambda run: run.put_back("why"),
        lambda run: run.cancel(OPERATOR, None),
        lambda run: run.end(RunState.LOST, None, actor=OPERATOR),
    ]
    with ready.writing() as session:
        run = make_run(session)
        run.state = state.value
        before = run.as_dict()
        for act in acts:
            with pytest.raises(Conflict):
                act(run)
        run.unblock()
        assert run.as_dict() == before


def test_a_copy_has_the_same_input_for_some_of_the_hosts_and_their_locks(ready: Database) -> None:
    with ready.writing() as session:
        run = make_run(session)
        copy = run.make_copy(["web-2", "web-9"])
        copy.submit(session, OPERATOR, None)
        same = ("template", "playbook", "limit", "options", "variables", "answers", "is_idempotent")
        assert [getattr(copy, name) for name in same] == [getattr(run, name) for name in same]
        assert (copy.hosts, copy.host_count) == (["web-2"], 1)
        assert copy.locks == {"db": "shared", "host:web-2": "exclusive"}
        assert (copy.relaunch_of, copy.reason, copy.attempt) == (run.id, None, 0)
        assert (copy.id, copy.state) == (run.id + 1, "queued")


def test_the_claim_of_a_run_is_what_it_locks(ready: Database) -> None:
    with ready.writing() as session:
        run = make_run(session)
        claim = run.get_claim()
    assert (claim.run_id, claim.template, claim.concurrency) == (run.id, "deploy", 2)
    assert claim.locks == {
        "db": LockMode.SHARED,
        "host:web-1": LockMode.EXCLUSIVE,
        "host:web-2": LockMode.EXCLUSIVE,
    }


def test_outsiders_see_no_secret_of_a_run(ready: Database) -> None:
    token = make_token().text
    with ready.writing() as session:
        run = make_run(session, answers={"db_password": "hunter22", "note": f"use {token}"})
        run.count(events=3, missing=1, results={"ok": 2})
        run.block(f"for {token}")
        shown = run.as_dict()
    assert "hunter22" not in str(shown)
    assert token not in str(shown)
    assert shown["answers"]["db_password"] == "(hidden)"
    assert (shown["event_count"], shown["missing_events"], shown["results"]) == (3, 1, {"ok": 2})
    with ready.reading() as session:
        assert session.get_one(Run, run.id).answers["db_password"] == "hunter22"
        assert {"claim_token", "supervisor", "variables", "locks"}.isdisjoint(shown)
