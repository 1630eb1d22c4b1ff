# SPDX-License-Identifier: Apache-2.0
"""What the tables of clusters, projects, environments and services share."""

from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy.orm import Mapped, Session, mapped_column, object_session
from sqlalchemy.orm.attributes import flag_modified

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.core.errors import Conflict


class CatalogEntry(Base):
    """An entry under a name that is not given again, not even after its retirement."""

    __abstract__ = True

    #: What its kind is called in messages, in the audit and as a command of `qm`.
    NOUN: ClassVar[str]
    #: The fields that people set, in the order in which they read them; the first is the name.
    FIELDS: ClassVar[tuple[str, ...]]
    #: The tables that refer to it by name: while a live row does, it can't be retired.
    USED_BY: ClassVar[tuple[type[Base], ...]] = ()

    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revision: Mapped[int]

    @classmethod
    def register(
        cls, session: Session, actor: Actor, fields: dict[str, Any], reason: str | None
    ) -> Self:
        """Add an entry, and record it in the audit log."""
        name = fields[cls.FIELDS[0]]
        entry = record(session, actor, "register", cls.NOUN, name, after=fields, reason=reason)
        added = cls(**fields, created_at=entry.at, revision=entry.revision)
        session.add(added)
        return added

    def change(self, fields: dict[str, Any], actor: Actor, reason: str | None) -> None:
        """Set fields, and record their old and new values in the audit log.

        :raises Conflict: the entry is retired.
        """
        self._check_live()
        entry = record(
            self._session,
            actor,
            "change",
            self.NOUN,
            self.name,
            before={name: getattr(self, name) for name in fields},
            after=fields,
            reason=reason,
        )
        for name, value in fields.items():
            setattr(self, name, value)
            # SQLAlchemy would not write true where 1 is, since they are equal in Python.
            flag_modified(self, name)
        self.revision = entry.revision

    def retire(self, actor: Actor, reason: str | None) -> None:
        """Retire the entry, and record it in the audit log.

        :raises Conflict: it is retired already.
        """
        self._check_live()
        entry = record(self._session, actor, "retire", self.NOUN, self.name, reason=reason)
        self.retired_at, self.revision = entry.at, entry.revision

    @property
    def name(self) -> str:
        """Return the name."""
        name: str = getattr(self, self.FIELDS[0])
        return name

    @property
    def label(self) -> str:
        """Return what messages call the entry at the beginning of a sentence."""
        return f"{self.NOUN.capitalize()} '{self.name}'"

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the entry."""
        names = (*self.FIELDS, "created_at", "retired_at", "revision")
        return {name: getattr(self, name) for name in names}

    def _check_live(self) -> None:
        if self.retired_at is not None:
            raise Conflict(f"{self.label} is retired and can't change any more.")

    @property
    def _session(self) -> Session:
        session = object_session(self)
        assert session is not None  # noqa: S101 - an entry changes only inside a transaction
        return session
