# SPDX-License-Identifier: Apache-2.0
"""The fleet as a whole: its revision, which each change raises by one."""

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from inventory_service.core.database.base import Base

#: Where a transaction keeps the revision of its changes.
_REVISION = "qm_revision"


class Fleet(Base):
    """The one row that counts changes."""

    __tablename__ = "fleet"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]
    #: The last revision of which a record was forgotten; 0 while all are kept.
    forgotten_revision: Mapped[int] = mapped_column(server_default="0")


def get_revision(session: Session) -> int:
    """Return the revision that this transaction sees."""
    return session.execute(select(Fleet.revision)).scalar_one()


def next_revision(session: Session) -> int:
    """Return the revision of the changes of this transaction; all of them share one."""
    revision: int | None = session.info.get(_REVISION)
    if revision is None:
        fleet = session.execute(select(Fleet).with_for_update()).scalar_one()
        fleet.revision += 1
        revision = session.info[_REVISION] = fleet.revision
    return revision


def revision_bumped(session: Session) -> bool:
    """Return whether this transaction has raised the revision."""
    return _REVISION in session.info
