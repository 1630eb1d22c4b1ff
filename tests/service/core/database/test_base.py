# SPDX-License-Identifier: Apache-2.0
"""Times are stored and read in UTC; one without a zone is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from inventory_service.core.database.base import UTCDateTime

TABLE = Table("times", MetaData(), Column("at", UTCDateTime))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        (datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)),
        (
            datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=2))),
            datetime(2026, 11, 21, 23, tzinfo=UTC),
        ),
    ],
)
def test_a_time_is_read_in_utc(given: datetime | None, read: datetime | None) -> None:
    engine = create_engine("sqlite://")
    TABLE.create(engine)
    with engine.begin() as connection:
        connection.execute(insert(TABLE).values(at=given))
        found = connection.execute(select(TABLE.c.at)).scalar_one()
    assert found == read
    assert found is None or found.tzinfo is UTC
    engine.dispose()


def test_a_time_without_a_zone_is_not_stored() -> None:
    engine = create_engine("sqlite://")
    TABLE.create(engine)
    naive = datetime(2026, 11, 22)  # noqa: DTZ001 - the very fault
    with engine.begin() as connection, pytest.raises(StatementError, match="without a zone"):
        connection.execute(insert(TABLE).values(at=naive))
    engine.dispose()
