# SPDX-License-Identifier: Apache-2.0
"""Clusters: nodes that share a network and a purpose."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.nodes import Node


class Cluster(CatalogEntry):
    """Nodes that share a network and a purpose."""

    __tablename__ = "clusters"

    NOUN = "cluster"
    FIELDS = ("cluster_id", "cluster_type", "region", "mesh_prefix", "mesh_port")
    USED_BY = (Node,)

    cluster_id: Mapped[str] = mapped_column(String(63), primary_key=True)
    cluster_type: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(String(63))
    mesh_prefix: Mapped[str] = mapped_column(String(49))
    mesh_port: Mapped[int]
    #: The offset that is tried next; all below it were given out at least once.
    next_offset: Mapped[int] = mapped_column(default=1)
