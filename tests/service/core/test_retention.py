# SPDX-License-Identifier: Apache-2.0
"""Old records and answers are forgotten: from the beginning, in batches, and never too early."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord, record, record_refusal
from inventory_service.core.database.engine import Database
from inventory_service.core.idempotency import IdempotentResponse, find_response, store_response
from inventory_service.core.retention import Pruned, count_stored, prune_expired
from inventory_service.core.revision import Fleet

ACTOR = Actor("somebody", Channel.API, Scope.OPERATOR)
MONTH = timedelta(days=30)
OLD, YOUNG = timedelta(days=31), timedelta(days=29)


def add(database: Database, *ages: timedelta, refused: bool = False) -> None:
    """Add a record of each age, each of a revision of its own."""
    for age in ages:
        with database.writing() as session:
            if refused:
                record_refusal(session, ACTOR, "GET /x", status=403, reason="no")
            else:
                record(session, ACTOR, "register", "project", "shop")
            session.flush()
            newest = session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first()
            assert newest is not None
            newest.at = datetime.now(UTC) - age


def run(database: Database, retention: timedelta | None = MONTH, limit: int = 100) -> Pruned:
    with database.writing() as session:
        return prune_expired(session, retention, limit=limit)


def kept(database: Database) -> tuple[list[int], int]:
    """Return the revisions that are kept, and the last one that was forgotten."""
    with database.reading() as session:
        revisions = session.scalars(select(AuditRecord.revision).order_by(AuditRecord.id))
        fleet = session.execute(select(Fleet)).scalar_one()
        return list(revisions), fleet.forgotten_revision


def test_what_is_too_old_goes_and_the_fleet_remembers_up_to_where(database: Database) -> None:
    add(database, OLD, OLD, YOUNG)
    assert run(database).records == 2
    assert kept(database) == ([3], 2)
    assert run(database).records == 0
    assert kept(database) == ([3], 2)


def test_without_a_retention_everything_stays(database: Database) -> None:
    add(database, timedelta(days=3650))
    assert run(database, None).records == 0
    assert kept(database) == ([1], 0)


def test_a_batch_is_bounded_and_the_next_goes_on_where_it_ended(database: Database) -> None:
    add(database, *[OLD] * 5)
    assert [run(database, limit=2).records for _ in range(4)] == [2, 2, 1, 0]
    assert kept(database) == ([], 5)


def test_all_may_go_and_new_ones_come(database: Database) -> None:
    add(database, OLD)
    run(database)
    add(database, YOUNG)
    assert kept(database) == ([2], 1)


def test_forgotten_refusals_leave_no_gap_in_the_changes(database: Database) -> None:
    add(database, OLD, refused=True)
    assert run(database).records == 1
    assert kept(database) == ([], 0)


@pytest.mark.parametrize(
    ("ages", "left", "forgotten"),
    [
        pytest.param([YOUNG, OLD, OLD], [1, 2, 3], 0, id="a clock that was set back"),
        pytest.param([OLD, -OLD, OLD, YOUNG], [2, 3, 4], 1, id="and one that was ahead"),
        pytest.param([-OLD, -OLD, OLD, YOUNG], [4], 3, id="one that was ahead at first"),
        pytest.param([-OLD, YOUNG, OLD], [1, 2, 3], 0, id="and not long ago"),
        pytest.param([-OLD, -OLD], [1, 2], 0, id="and still is the only one"),
    ],
)
def test_nothing_goes_before_what_was_recorded_earlier(
    database: Database, ages: list[timedelta], left: list[int], forgotten: int
) -> None:
    add(database, *ages)
    run(database)
    assert kept(database) == (left, forgotten)


def answer(database: Database, key: str, *, age: timedelta) -> None:
    with database.writing() as session:
        store_response(session, "somebody", key, "print", status=201, headers={}, body=b"{}")
        session.flush()
        session.get_one(IdempotentResponse, ("somebody", key)).created_at = datetime.now(UTC) - age


def test_answers_are_kept_for_a_day_whatever_the_retention(database: Database) -> None:
    for number in range(3):
        answer(database, f"old-{number}", age=timedelta(hours=25))
    answer(database, "young", age=timedelta(hours=23))
    assert run(database, None, limit=2).answers == 2
    assert run(database, None, limit=2).answers == 1
    with database.reading() as session:
        assert session.scalars(select(IdempotentResponse.key)).all() == ["young"]


def test_a_key_whose_answer_is_too_old_may_be_used_again(database: Database) -> None:
    answer(database, "key", age=timedelta(hours=25))
    with database.writing() as session:
        assert find_response(session, "somebody", "key", "another print") is None
        store_response(session, "somebody", "key", "new", status=200, headers={}, body=b"[]")
    with database.reading() as session:
        found = find_response(session, "somebody", "key", "new")
        assert found is not None
        assert (found.status, found.body) == (200, b"[]")


def test_records_of_a_clock_that_was_far_ahead_go_by_batches_too(database: Database) -> None:
    add(database, *[-OLD] * 5, OLD, YOUNG)
    assert [run(database, limit=2).records for _ in range(4)] == [2, 2, 2, 0]
    assert kept(database) == ([7], 6)


def test_an_answer_of_a_clock_that_was_far_ahead_is_given_again_and_goes_in_the_end(
    database: Database,
) -> None:
    answer(database, "ahead", age=-OLD)
    assert run(database, None).answers == 0
    with database.reading() as session:
        found = find_response(session, "somebody", "ahead", "print")
        assert found is not None
        assert abs(datetime.now(UTC) - found.created_at) < timedelta(minutes=1)


def test_how_much_is_kept_can_be_told(database: Database) -> None:
    with database.reading() as session:
        nothing = count_stored(session)
    assert (nothing.records, nothing.oldest, nothing.answers) == (0, None, 0)
    add(database, OLD, YOUNG, YOUNG)
    run(database)
    answer(database, "key", age=timedelta(0))
    with database.reading() as session:
        found = count_stored(session)
    assert (found.records, found.answers) == (2, 1)
    assert found.oldest is not None
    assert datetime.now(UTC) - found.oldest < MONTH
