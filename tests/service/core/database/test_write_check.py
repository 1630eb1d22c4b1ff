# SPDX-License-Identifier: Apache-2.0
"""The check writes enough to find a full disk, and leaves no row."""

from sqlalchemy import create_engine, func, select

from inventory_service.core.database.write_check import make_write_check
from inventory_service.core.idempotency import IdempotentResponse


def test_a_check_inserts_a_large_row_and_deletes_only_this_one() -> None:
    engine = create_engine("sqlite://")
    IdempotentResponse.metadata.create_all(engine, tables=[IdempotentResponse.__table__])  # type: ignore[list-item] # a Table, as declared
    sizes = select(func.length(IdempotentResponse.body))
    left_over, ours = make_write_check(), make_write_check()
    with engine.begin() as connection:
        connection.execute(next(left_over))
        connection.execute(next(ours))
        assert connection.execute(sizes).scalars().all() == [65536, 65536]
        connection.execute(next(ours))
        assert connection.execute(sizes).scalars().all() == [65536]
        assert next(ours, None) is None
        connection.execute(next(left_over))
        assert connection.execute(sizes).scalars().all() == []
    engine.dispose()
