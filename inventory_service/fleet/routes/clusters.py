# SPDX-License-Identifier: Apache-2.0
"""Routes of clusters, which `make_routes` in ``catalog.py`` builds from the resource below.

GET   /api/v1/clusters                          list
POST  /api/v1/clusters                          register
GET   /api/v1/clusters/<cluster_id>             show
PATCH /api/v1/clusters/<cluster_id>             change
POST  /api/v1/clusters/<cluster_id>/retirement  retire
"""

from inventory_service.fleet.domain.clusters import ClusterChange, ClusterRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.fleet.routes.schemas import ClusterOut
from inventory_service.fleet.usecases.clusters import register_cluster

RESOURCE = ResourceSpec(
    kind=Cluster,
    path="/api/v1/clusters",
    registration=ClusterRegistration,
    change=ClusterChange,
    view=ClusterOut,
    sortable=("cluster_id", "cluster_type", "region", "created_at", "retired_at"),
    register=register_cluster,
    end="Only a cluster without live nodes can be retired.",
)
routes = make_routes(RESOURCE)
