# SPDX-License-Identifier: Apache-2.0
"""Ports that projects and their services were given."""

from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import Base

_WITHOUT_SERVICE = text("service IS NULL")


class Port(Base):
    """A port given to a project in an environment, or to one of its services there."""

    __tablename__ = "ports"
    __table_args__ = (
        UniqueConstraint("project", "environment", "service", "base", "range"),
        # To a unique constraint, nulls are all different.
        Index(
            "uq_ports_without_service",
            "project",
            "environment",
            "base",
            "range",
            unique=True,
            sqlite_where=_WITHOUT_SERVICE,
            postgresql_where=_WITHOUT_SERVICE,
        ),
    )

    port: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project: Mapped[str] = mapped_column(String(63))
    environment: Mapped[str] = mapped_column(String(63))
    service: Mapped[str | None] = mapped_column(String(63))
    base: Mapped[int]
    range: Mapped[int]
    preferred: Mapped[int]

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the port."""
        return {
            "project": self.project,
            "environment": self.environment,
            "service": self.service,
            "base": self.base,
            "range": self.range,
            "port": self.port,
            "preferred": self.preferred,
        }
