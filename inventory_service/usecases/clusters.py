# SPDX-License-Identifier: Apache-2.0
"""Acts on clusters: register, change, retire, read."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.clusters import (
    ClusterChange,
    ClusterRegistration,
    RetirementRequest,
)
from inventory_service.domain.errors import Conflict, NotFound
from inventory_service.domain.revisions import Expected, check_expected
from inventory_service.storage.models import Cluster, Node, record


def register_cluster(session: Session, actor: Actor, wanted: ClusterRegistration) -> Cluster:
    """Make a cluster known.

    :raises Conflict: the name is taken, or its mesh prefix overlaps with another cluster's.
    """
    if session.get(Cluster, wanted.cluster_id) is not None:
        raise Conflict(
            f"There is a cluster '{wanted.cluster_id}' already. Change it, or choose another name."
        )
    _check_prefix(session, wanted.mesh_prefix)
    fields = wanted.model_dump(mode="json", exclude={"reason"})
    cluster = Cluster(**fields, next_offset=1, created_at=datetime.now(UTC), revision=0)
    entry = record(
        session,
        actor,
        "register",
        "cluster",
        wanted.cluster_id,
        after=fields,
        reason=wanted.reason,
    )
    cluster.revision = entry.revision
    session.add(cluster)
    session.flush()
    return cluster


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
    :raises Stale: it is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    cluster = get_cluster(session, cluster_id)
    check_expected(f"Cluster '{cluster_id}'", cluster.revision, expected)
    wanted = change.model_dump(mode="json", include=change.model_fields_set - {"reason"})
    before = {name: getattr(cluster, name) for name in wanted}
    if wanted == before:
        return cluster
    _check_live(cluster)
    entry = record(
        session,
        actor,
        "change",
        "cluster",
        cluster_id,
        before=before,
        after=wanted,
        reason=change.reason,
    )
    for name, value in wanted.items():
        setattr(cluster, name, value)
    cluster.revision = entry.revision
    return cluster


def retire_cluster(
    session: Session, actor: Actor, cluster_id: str, request: RetirementRequest
) -> Cluster:
    """End a cluster that has no nodes left; its name and its prefix are not given again.

    :raises NotFound: no such cluster.
    :raises Conflict: it has nodes, or is retired already.
    """
    cluster = get_cluster(session, cluster_id)
    _check_live(cluster)
    count = session.execute(
        select(func.count()).where(Node.cluster_id == cluster_id, Node.state != "retired")
    ).scalar_one()
    if count:
        raise Conflict(
            f"Cluster '{cluster_id}' has {count} nodes. Retire them first: "
            f"`qm node list --cluster {cluster_id}` shows them."
        )
    entry = record(session, actor, "retire", "cluster", cluster_id, reason=request.reason)
    cluster.retired_at, cluster.revision = entry.at, entry.revision
    return cluster


def get_cluster(session: Session, cluster_id: str) -> Cluster:
    """Return the cluster.

    :raises NotFound: no such cluster.
    """
    cluster = session.get(Cluster, cluster_id)
    if cluster is None:
        raise NotFound(
            f"There is no cluster '{cluster_id[:64]}'. `qm cluster list` shows those that there "
            "are; `qm cluster add` makes one."
        )
    return cluster


def list_clusters(session: Session, *, after: str | None, limit: int) -> Sequence[Cluster]:
    """Return clusters by name, those after a name that was seen last."""
    query = select(Cluster).order_by(Cluster.cluster_id).limit(limit)
    return session.scalars(
        query if after is None else query.where(Cluster.cluster_id > after)
    ).all()


def _check_live(cluster: Cluster) -> None:
    if cluster.retired_at is not None:
        raise Conflict(f"Cluster '{cluster.cluster_id}' is retired and can't change any more.")


def _check_prefix(session: Session, prefix: str) -> None:
    network = ipaddress.ip_network(prefix)
    for cluster_id, known in session.execute(select(Cluster.cluster_id, Cluster.mesh_prefix)):
        other = ipaddress.ip_network(known)
        if network.version == other.version and network.overlaps(other):
            raise Conflict(
                f"The mesh prefix {prefix} overlaps with {known} of cluster '{cluster_id}'. "
                "Choose another prefix."
            )
