# SPDX-License-Identifier: Apache-2.0
"""Transactions: all or nothing, one writer at a time, and readers that see one state."""

import math
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from inventory_service.core.audit_log import AuditRecord, record
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Unavailable
from inventory_service.core.idempotency import IdempotentResponse
from inventory_service.core.revision import get_revision, next_revision
from inventory_service.fleet.models.projects import Project
from tests.service import postgres
from tests.service.conftest import ACTOR


def test_a_writing_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            record(session, ACTOR, "test", "project", "shop")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    with database.reading() as session:
        assert get_revision(session) == 0
        assert session.execute(text("SELECT count(*) FROM audit_records")).scalar_one() == 0


def test_all_changes_of_one_transaction_share_one_revision(database: Database) -> None:
    with database.writing() as session:
        assert {next_revision(session), next_revision(session)} == {1}
    with database.writing() as session:
        assert next_revision(session) == 2


def test_a_reader_sees_one_state_while_a_writer_goes_on(database: Database) -> None:
    with database.reading() as reader:
        assert get_revision(reader) == 0
        with database.writing() as writer:
            next_revision(writer)
        reader.expire_all()
        assert get_revision(reader) == 0
        assert reader.query(Project).count() == 0


def test_many_writers_lose_no_change(database: Database) -> None:
    def write() -> None:
        for _ in range(10):
            with database.writing() as session:
                record(session, ACTOR, "test", "project", "shop")

    threads = [threading.Thread(target=write) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert get_revision(session) == 100
        assert session.execute(text("SELECT count(*) FROM audit_records")).scalar_one() == 100


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "fleet.sqlite").write_text("this is no database at all" * 100)
    database = Database(f"sqlite:///{tmp_path}/fleet.sqlite")
    with pytest.raises(Unavailable, match="does not answer"), database.reading() as session:
        get_revision(session)
    database.engine.dispose()


def test_a_database_that_is_missing_is_not_made_by_asking_it(tmp_path: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="does not answer"), database.reading() as session:
        get_revision(session)
    assert not path.exists()
    database.engine.dispose()


@pytest.mark.parametrize(
    "change", ["ALTER TABLE projects RENAME owner TO o", "ALTER TABLE projects RENAME TO p"]
)
def test_a_database_of_another_schema_is_unavailable_and_no_value_is_logged(
    store: Database, change: str
) -> None:
    """The service was not stopped before `qm migrate --to`."""

    def write() -> None:
        with store.writing() as session:
            now = datetime.now(UTC)
            session.add(Project(project="shop", owner="hunter2", created_at=now, revision=1))

    def read() -> None:
        with store.reading() as session:
            session.query(Project).all()

    with store.writing() as session:
        session.execute(text(change))
    for act in (write, read):
        with pytest.raises(Unavailable, match="another schema") as refusal:
            act()
        assert "hunter2" not in str(refusal.value.__cause__)


def test_each_of_many_threads_gets_a_connection(store: Database) -> None:
    all_read = threading.Barrier(40, timeout=60)
    revisions = []

    def read() -> None:
        with store.reading() as session:
            revisions.append(get_revision(session))
            all_read.wait()

    threads = [threading.Thread(target=read) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert revisions == [0] * 40


def test_an_outage_is_reported_once_at_each_end(tmp_path: Path, template: Path) -> None:
    path = tmp_path / "fleet.sqlite"
    changes: list[tuple[str, str | None]] = []
    database = Database(
        f"sqlite:///{path}", on_change=lambda kind, reason: changes.append((kind, reason))
    )
    for _ in range(3):
        with pytest.raises(Unavailable), database.reading() as session:
            get_revision(session)
    path.write_bytes(template.read_bytes())
    for _ in range(3):
        with database.reading() as session:
            get_revision(session)
    assert [kind for kind, _ in changes] == ["reading", "reading"]
    assert "unable to open" in (changes[0][1] or "")
    assert changes[1][1] is None
    database.engine.dispose()


def test_the_question_whether_changes_are_taken_leaves_nothing(database: Database) -> None:
    database.check_writing()
    with database.reading() as session:
        assert get_revision(session) == 0
        assert session.query(IdempotentResponse).count() == 0


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_of_json_is_never_written(database: Database, number: float) -> None:
    with (
        pytest.raises((StatementError, ValueError), match="not JSON compliant"),
        database.writing() as session,
    ):
        record(session, ACTOR, "test", "project", "shop", after={"x": [number]})
    with database.reading() as session:
        assert session.query(AuditRecord).count() == 0


def test_the_last_moment_of_all_is_read_whatever_the_zone_of_the_server(
    server: postgres.Postgres,
) -> None:
    name = f"zone_{uuid.uuid4().hex}"
    database = Database(server.create(name, template=postgres.TEMPLATE))
    server.run(
        sql.SQL("ALTER DATABASE {} SET timezone = 'Asia/Tokyo'").format(sql.Identifier(name))
    )
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with database.writing() as session:
        record(session, ACTOR, "test", "project", "shop").at = last
    with database.reading() as session:
        assert session.query(AuditRecord).one().at == last
    database.engine.dispose()
    server.drop(name)


def test_who_finds_no_free_connection_waits_for_one(server: postgres.Postgres) -> None:
    name = f"pool_{uuid.uuid4().hex}"
    database = Database(server.create(name, template=postgres.TEMPLATE), connections=1)
    seen: list[int] = []

    def read() -> None:
        with database.reading() as session:
            seen.append(get_revision(session))

    waiting = threading.Thread(target=read)
    with database.reading() as session:
        get_revision(session)
        waiting.start()
        waiting.join(0.1)
        assert seen == []
    waiting.join()
    assert seen == [0]
    database.engine.dispose()
    server.drop(name)


def test_who_waits_too_long_for_a_connection_is_refused(server: postgres.Postgres) -> None:
    name = f"pool_{uuid.uuid4().hex}"
    url = server.create(name, template=postgres.TEMPLATE)
    database = Database(url, connections=1, lock_timeout_s=0.1)
    with database.reading() as session:
        get_revision(session)
        with (
            pytest.raises(Unavailable, match="QM_DATABASE_CONNECTIONS"),
            database.writing() as other,
        ):
            get_revision(other)
    database.engine.dispose()
    server.drop(name)
