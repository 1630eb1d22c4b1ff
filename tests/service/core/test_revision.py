# SPDX-License-Identifier: Apache-2.0
"""A transaction raises the revision once, and reading does not."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from inventory_service.core.revision import (
    Fleet,
    get_revision,
    next_revision,
    revision_bumped,
)


@pytest.fixture
def session() -> Iterator[Session]:
    """A transaction on a fleet at revision 7."""
    engine = create_engine("sqlite://")
    Fleet.metadata.create_all(engine, tables=[Fleet.__table__])  # type: ignore[list-item] # a Table, as declared
    with Session(engine) as session:
        session.add(Fleet(revision=7))
        session.commit()
        yield session
    engine.dispose()


def test_reading_raises_no_revision(session: Session) -> None:
    assert get_revision(session) == 7
    assert not revision_bumped(session)


def test_all_changes_of_a_transaction_share_the_next_revision(session: Session) -> None:
    assert [next_revision(session), next_revision(session)] == [8, 8]
    assert revision_bumped(session)
    assert get_revision(session) == 8
