# SPDX-License-Identifier: Apache-2.0
"""Routes of clusters."""

from inventory_service.fleet.domain.clusters import ClusterChange, ClusterRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import ClusterOut
from inventory_service.fleet.usecases.clusters import register_cluster

CONTRACT = ResourceSpec(
    kind=Cluster,
    collection="clusters",
    registration=ClusterRegistration,
    change=ClusterChange,
    view=ClusterOut,
    sortable=("cluster_id", "cluster_type", "region", "created_at", "retired_at"),
    register=register_cluster,
    end="Only a cluster without nodes can end.",
)
routes = make_routes(CONTRACT)
