# SPDX-License-Identifier: Apache-2.0
"""Register clusters, whose meshes must not overlap."""

import ipaddress

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.clusters import ClusterRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.usecases.catalog import check_unused, register_entry


def register_cluster(session: Session, actor: Actor, wanted: ClusterRegistration) -> Cluster:
    """Register a cluster.

    :raises Conflict: the name is taken, or its mesh prefix overlaps with another cluster's.
    """
    check_unused(session, Cluster, wanted.cluster_id)
    _check_prefix(session, wanted.mesh_prefix)
    return register_entry(session, actor, Cluster, wanted)


def _check_prefix(session: Session, prefix: str) -> None:
    network = ipaddress.ip_network(prefix)
    for cluster_id, known in session.execute(select(Cluster.cluster_id, Cluster.mesh_prefix)):
        other = ipaddress.ip_network(known)
        if network.version == other.version and network.overlaps(other):
            raise Conflict(
                f"The mesh prefix {prefix} overlaps with {known} of cluster '{cluster_id}'. "
                "Choose another prefix."
            )
