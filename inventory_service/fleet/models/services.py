# SPDX-License-Identifier: Apache-2.0
"""Services: what projects run on nodes, and on which port."""

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry


class Service(CatalogEntry):
    """What a project runs in an environment on some nodes, on one port."""

    __tablename__ = "services"

    NOUN = "service"
    FIELDS = (
        "service",
        "project",
        "environment",
        "description",
        "port",
        "protocol",
        "node_types",
        "nodes",
        "health_path",
        "scrape_job",
        "metrics_path",
    )

    service: Mapped[str] = mapped_column(String(63), primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.project"), index=True)
    environment: Mapped[str] = mapped_column(ForeignKey("environments.environment"), index=True)
    description: Mapped[str | None] = mapped_column(String(255))
    port: Mapped[int]
    protocol: Mapped[str] = mapped_column(String(16))
    node_types: Mapped[list[str]] = mapped_column(JSON)
    nodes: Mapped[list[str]] = mapped_column(JSON)
    health_path: Mapped[str | None] = mapped_column(String(255))
    scrape_job: Mapped[str | None] = mapped_column(String(63), index=True)
    metrics_path: Mapped[str] = mapped_column(String(255))
