# SPDX-License-Identifier: Apache-2.0
"""Clusters: nodes that share a network and a purpose."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.storage.models.base import Base, UTCDateTime


class Cluster(Base):
    """Nodes that share a network and a purpose."""

    __tablename__ = "clusters"

    cluster_id: Mapped[str] = mapped_column(String(63), primary_key=True)
    cluster_type: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(String(63))
    mesh_prefix: Mapped[str] = mapped_column(String(49))
    mesh_port: Mapped[int]
    #: The offset that is tried next; all below it were given out at least once.
    next_offset: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revision: Mapped[int]

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the cluster."""
        return {
            "cluster_id": self.cluster_id,
            "cluster_type": self.cluster_type,
            "region": self.region,
            "mesh_prefix": self.mesh_prefix,
            "mesh_port": self.mesh_port,
            "created_at": self.created_at,
            "retired_at": self.retired_at,
            "revision": self.revision,
        }
