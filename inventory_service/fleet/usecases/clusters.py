# SPDX-License-Identifier: Apache-2.0
"""Acts on clusters: register, change, retire."""

import ipaddress

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import Conflict
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.clusters import ClusterChange, ClusterRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    check_no_nodes,
    check_unused,
    get_entry,
    register_entry,
    retire_entry,
)


def register_cluster(session: Session, actor: Actor, wanted: ClusterRegistration) -> Cluster:
    """Make a cluster known.

    :raises Conflict: the name is taken, or its mesh prefix overlaps with another cluster's.
    """
    check_unused(session, Cluster, wanted.cluster_id)
    _check_prefix(session, wanted.mesh_prefix)
    return register_entry(session, actor, Cluster, wanted.model_dump(mode="json"), next_offset=1)


def change_cluster(
    session: Session,
    actor: Actor,
    cluster_id: str,
    change: ClusterChange,
    *,
    expected: Expected = None,
) -> Cluster:
    """Set what the change names.

    :raises NotFound: no such cluster.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    cluster = get_entry(session, Cluster, cluster_id)
    return change_entry(session, actor, cluster, change, expected=expected)


def retire_cluster(
    session: Session, actor: Actor, cluster_id: str, request: RetirementRequest
) -> Cluster:
    """End a cluster that has no nodes left; its name and its prefix are not given again.

    :raises NotFound: no such cluster.
    :raises Conflict: it has nodes, or is retired already.
    """
    cluster = get_entry(session, Cluster, cluster_id)
    check_no_nodes(session, cluster, Node.cluster_id == cluster_id)
    return retire_entry(session, actor, cluster, request)


def _check_prefix(session: Session, prefix: str) -> None:
    network = ipaddress.ip_network(prefix)
    for cluster_id, known in session.execute(select(Cluster.cluster_id, Cluster.mesh_prefix)):
        other = ipaddress.ip_network(known)
        if network.version == other.version and network.overlaps(other):
            raise Conflict(
                f"The mesh prefix {prefix} overlaps with {known} of cluster '{cluster_id}'. "
                "Choose another prefix."
            )
