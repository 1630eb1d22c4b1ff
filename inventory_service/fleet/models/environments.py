# SPDX-License-Identifier: Apache-2.0
"""Environments: which stage of its projects a node serves."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service


class Environment(CatalogEntry):
    """Which stage of its projects a node serves."""

    __tablename__ = "environments"

    NOUN = "environment"
    FIELDS = ("environment", "description", "owner")
    USED_BY = (Node, Service)

    environment: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    owner: Mapped[str | None] = mapped_column(String(255))
