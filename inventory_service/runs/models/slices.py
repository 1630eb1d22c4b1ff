# SPDX-License-Identifier: Apache-2.0
"""What runs have of slices: the run that is sliced, its slices, their snapshot and their order."""

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import IS_HISTORY, Base


class SliceParts:
    """The columns of runs that are about slices."""

    #: Of a slice: the run whose hosts it has a part of.
    slice_of: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    #: Of a slice: which one, from 1 on.
    slice_no: Mapped[int | None]
    #: Into how many slices a run is split; 0 for none.
    slice_count: Mapped[int] = mapped_column(default=0, server_default="0")

    @classmethod
    def is_whole(cls) -> ColumnElement[bool]:
        """Return the condition of a query that leaves out slices."""
        # No plain column, or SQLite would search by it: among almost all runs that there are.
        return func.coalesce(cls.slice_of, 0) == 0

    @property
    def is_slice(self) -> bool:
        """Return whether the run is a slice of another one."""
        return self.slice_of is not None

    @property
    def is_sliced(self) -> bool:
        """Return whether the run only gathers what its slices do."""
        return bool(self.slice_count) and self.slice_of is None


class RunSnapshot(Base):
    """The inventory that all slices of a run have, compressed by zlib; it goes with their end."""

    __tablename__ = "run_snapshots"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class SliceBatch(Base):
    """Events of a slice that were stored together, and their place among those of the whole run.

    The event with `last_counter` has the position `last_position` there, and those before it the
    positions before it.
    """

    __tablename__ = "run_slice_batches"
    __table_args__ = ({"info": {IS_HISTORY: True}},)

    slice_of: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    last_position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    first_counter: Mapped[int]
    last_counter: Mapped[int]
