# SPDX-License-Identifier: Apache-2.0
"""A database is migrated up and down, and one of a newer version is left alone."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from inventory_service.core.database.engine import open_engine
from inventory_service.core.database.schema import (
    Schema,
    downgrade,
    move,
    read_schema,
    upgrade,
    upgrade_on,
)
from inventory_service.core.errors import Conflict


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/fleet.sqlite"


def find(url: str) -> str | None:
    engine = open_engine(url)
    try:
        return read_schema(engine).found
    finally:
        engine.dispose()


def set_version(url: str, revision: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :x"), {"x": revision})
    engine.dispose()


@pytest.mark.parametrize(
    ("found", "is_known", "next_step"),
    [
        (None, False, "qm init"),
        ("0001", True, "then run `qm migrate`"),
        ("9999", False, "Install the newer version again"),
    ],
)
def test_a_schema_of_another_version_is_explained(
    found: str | None, *, is_known: bool, next_step: str
) -> None:
    schema = Schema(found, wanted="0007", is_known=is_known)
    assert not schema.is_current
    assert next_step in schema.explain()


def test_a_new_database_is_migrated_to_this_version(url: str) -> None:
    assert find(url) is None
    upgrade(url)
    engine = open_engine(url)
    schema = read_schema(engine)
    assert schema.is_current
    assert schema.is_known
    assert schema.found == schema.wanted
    engine.dispose()


def test_a_database_moves_to_a_revision_from_either_side(url: str) -> None:
    for revision in ("0003", "0005", "0002", "0002"):
        move(url, revision)
        assert find(url) == revision


def test_a_revision_that_does_not_exist_is_refused_with_those_that_do(url: str) -> None:
    with pytest.raises(Conflict, match=r"no schema 0099; there are 0001, 0002"):
        move(url, "0099")
    assert find(url) is None


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    upgrade(url)
    set_version(url, "0099")
    for act in (lambda: upgrade(url), lambda: downgrade(url, "0001"), lambda: move(url, "0001")):
        with pytest.raises(Conflict, match="newer version"):
            act()
    assert find(url) == "0099"


def test_a_migration_ends_with_the_transaction_of_its_caller(url: str) -> None:
    engine = open_engine(url).execution_options(qm_writes=True)
    with engine.connect() as connection, connection.begin() as transaction:
        upgrade_on(connection, "head")
        assert "nodes" in inspect(connection).get_table_names()
        transaction.rollback()
    assert inspect(engine).get_table_names() == []
    engine.dispose()
