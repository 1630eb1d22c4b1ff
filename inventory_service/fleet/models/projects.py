# SPDX-License-Identifier: Apache-2.0
"""Projects."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service


class Project(CatalogEntry):
    """What nodes are for."""

    __tablename__ = "projects"

    NOUN = "project"
    FIELDS = ("project", "description", "owner")
    USED_BY = (Node, Service)

    project: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    owner: Mapped[str | None] = mapped_column(String(255))
