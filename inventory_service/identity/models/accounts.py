# SPDX-License-Identifier: Apache-2.0
"""Accounts and their roles, each change of which is on record."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from inventory_service.core.actors import Actor, Grant, Role
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.core.errors import Conflict

NOUN = "account"


class AccountRole(Base):
    """A role of an account in a project, or in all of them."""

    __tablename__ = "account_roles"
    __table_args__ = (
        Index("ix_account_roles_account_role_project", "account", "role", "project", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.account"))
    role: Mapped[str] = mapped_column(String(16))
    #: None for all projects, and for what belongs to none.
    project: Mapped[str | None] = mapped_column(ForeignKey("projects.project"), index=True)

    def as_dict(self) -> dict[str, Any]:
        """Return the role and where it holds."""
        return {"role": self.role, "project": self.project}


class Account(Base):
    """A person or a program; it is never deleted, since records name it."""

    __tablename__ = "accounts"

    account: Mapped[str] = mapped_column(String(63), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    description: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(63))
    #: While it is set, its tokens are refused.
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_by: Mapped[str | None] = mapped_column(String(63))
    revision: Mapped[int]
    roles: Mapped[list[AccountRole]] = relationship(
        lazy="selectin", order_by=(AccountRole.project, AccountRole.role)
    )

    @classmethod
    def register(
        cls, session: Session, actor: Actor, fields: dict[str, Any], reason: str | None
    ) -> "Account":
        """Add an account without a role, and record it."""
        entry = record(
            session, actor, "register", NOUN, fields["account"], after=fields, reason=reason
        )
        made = cls(
            **fields,
            created_at=entry.at,
            created_by=actor.account,
            revision=entry.revision,
            roles=[],
        )
        session.add(made)
        session.flush()
        return made

    @property
    def grants(self) -> frozenset[Grant]:
        """Return the roles as an actor has them."""
        return frozenset((Role(one.role), one.project) for one in self.roles)

    def change(self, fields: dict[str, Any], actor: Actor, reason: str | None) -> None:
        """Set fields, and record their old and new values."""
        before = {name: getattr(self, name) for name in fields}
        self._note(actor, "change", reason, before=before, after=fields)
        for name, value in fields.items():
            setattr(self, name, value)

    def disable(self, actor: Actor, reason: str | None) -> None:
        """Refuse the account's tokens from now on; a second time changes nothing."""
        if self.disabled_at is None:
            self.disabled_at = self._note(actor, "disable", reason)
            self.disabled_by = actor.account

    def enable(self, actor: Actor, reason: str | None) -> None:
        """Take the account's tokens again; a second time changes nothing."""
        if self.disabled_at is not None:
            self._note(actor, "enable", reason)
            self.disabled_at = self.disabled_by = None

    def grant(self, role: Role, project: str | None, actor: Actor, reason: str | None) -> None:
        """Give the account a role; one that it has stays as it is."""
        if self.find_role(role, project) is None:
            after = {"role": role.value, "project": project}
            self._note(actor, "grant", reason, after=after)
            self.roles.append(AccountRole(role=role.value, project=project))

    def revoke(self, role: Role, project: str | None, actor: Actor, reason: str | None) -> None:
        """Take a role from the account.

        :raises Conflict: it does not have exactly this role there.
        """
        found = self.find_role(role, project)
        if found is None:
            where = f"in project '{project}'" if project else "in all projects"
            raise Conflict(
                f"Account '{self.account}' was not granted {role} {where}. `qm account show "
                f"{self.account}` shows its roles."
            )
        self._note(actor, "revoke", reason, before=found.as_dict())
        self.roles.remove(found)
        self._session.delete(found)

    def find_role(self, role: Role, project: str | None) -> AccountRole | None:
        """Return the row of a role that was granted just so, or None."""
        same = [one for one in self.roles if (one.role, one.project) == (role.value, project)]
        return same[0] if same else None

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the account."""
        names = (
            "account",
            "kind",
            "description",
            "created_at",
            "created_by",
            "disabled_at",
            "disabled_by",
            "revision",
        )
        shown = {name: getattr(self, name) for name in names}
        return shown | {"roles": [one.as_dict() for one in self.roles]}

    def _note(
        self,
        actor: Actor,
        action: str,
        reason: str | None,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> datetime:
        """Record a change, and return when it was."""
        entry = record(
            self._session,
            actor,
            action,
            NOUN,
            self.account,
            before=before,
            after=after,
            reason=reason,
        )
        self.revision = entry.revision
        return entry.at

    @property
    def _session(self) -> Session:
        session = object_session(self)
        assert session is not None  # noqa: S101 - an account changes only inside a transaction
        return session
