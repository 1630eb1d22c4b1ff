# SPDX-License-Identifier: Apache-2.0
"""What the tables of named things share: one is registered under a name and one day retired."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import Base, UTCDateTime


class CatalogEntry(Base):
    """A thing under a name that is not given again, not even after its retirement."""

    __abstract__ = True

    #: What its kind is called in messages, in the audit and as a command of `qm`.
    NOUN: ClassVar[str]
    #: What is said of it, in the order in which people read it; the first is its name.
    FIELDS: ClassVar[tuple[str, ...]]

    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revision: Mapped[int]

    @property
    def name(self) -> str:
        """Return the name."""
        name: str = getattr(self, self.FIELDS[0])
        return name

    def said(self) -> dict[str, Any]:
        """Return what somebody said of it, as the audit keeps it."""
        return {name: getattr(self, name) for name in self.FIELDS}

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of it."""
        return self.said() | {
            "created_at": self.created_at,
            "retired_at": self.retired_at,
            "revision": self.revision,
        }
