# SPDX-License-Identifier: Apache-2.0
"""Routes of clusters."""

from inventory_service.fleet.domain.clusters import ClusterChange, ClusterRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.routes.catalog import Contract, make_routes
from inventory_service.fleet.routes.schemas import ClusterView
from inventory_service.fleet.usecases import clusters as acts

CONTRACT = Contract(
    kind=Cluster,
    collection="clusters",
    registration=ClusterRegistration,
    change=ClusterChange,
    view=ClusterView,
    sortable=("cluster_id", "cluster_type", "region", "created_at", "retired_at"),
    register=acts.register_cluster,
    change_it=acts.change_cluster,
    retire=acts.retire_cluster,
    end="Only a cluster without nodes can end.",
)
routes = make_routes(CONTRACT)
