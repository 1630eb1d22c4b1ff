# SPDX-License-Identifier: Apache-2.0
"""Routes of clusters."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import PageQuery, answer_page, answer_thing, read_cursor
from inventory_service.api.parts import get_actor, get_database
from inventory_service.api.views import ClusterPage, ClusterView
from inventory_service.api.writing import read_expected, writes
from inventory_service.domain.actors import Scope
from inventory_service.domain.clusters import ClusterChange, ClusterRegistration, RetirementRequest
from inventory_service.usecases import clusters as acts

routes = APIBlueprint(
    "clusters",
    __name__,
    url_prefix="/api/v1/clusters",
    abp_tags=[Tag(name="clusters")],
    abp_security=SECURITY,
)


class ClusterPath(BaseModel):
    """Which cluster."""

    cluster_id: str = Field(max_length=255)


@routes.get("", summary="List clusters", responses={200: ClusterPage})
@needs(Scope.VIEWER)
def list_clusters(query: PageQuery) -> Response:
    """Clusters by name, retired ones too."""
    after = read_cursor(query, str)
    with get_database().reading() as session:
        clusters = acts.list_clusters(
            session, after=after[0] if after else None, limit=query.limit + 1
        )
        return answer_page(clusters, query.limit, lambda cluster: (cluster.cluster_id,))


@routes.post("", summary="Register a cluster", responses={201: ClusterView})
@needs(Scope.OPERATOR)
@writes
def register_cluster(session: Session, body: ClusterRegistration) -> Response:
    """The cluster's name is not given again, not even after its retirement."""
    cluster = acts.register_cluster(session, get_actor(), body)
    return answer_thing(
        cluster,
        HTTPStatus.CREATED,
        location=f"/api/v1/clusters/{quote(cluster.cluster_id, safe='')}",
    )


@routes.get("/<cluster_id>", summary="Show a cluster", responses={200: ClusterView})
@needs(Scope.VIEWER)
def show_cluster(path: ClusterPath) -> Response:
    """The cluster as it is now."""
    with get_database().reading() as session:
        return answer_thing(acts.get_cluster(session, path.cluster_id))


@routes.patch("/<cluster_id>", summary="Change a cluster", responses={200: ClusterView})
@needs(Scope.OPERATOR)
@writes
def change_cluster(session: Session, path: ClusterPath, body: ClusterChange) -> Response:
    """What is left out stays as it is."""
    cluster = acts.change_cluster(
        session, get_actor(), path.cluster_id, body, expected=read_expected()
    )
    return answer_thing(cluster)


@routes.post("/<cluster_id>/retirement", summary="Retire a cluster", responses={201: ClusterView})
@needs(Scope.OPERATOR)
@writes
def retire_cluster(session: Session, path: ClusterPath, body: RetirementRequest) -> Response:
    """Only a cluster without nodes can end."""
    cluster = acts.retire_cluster(session, get_actor(), path.cluster_id, body)
    return answer_thing(cluster, HTTPStatus.CREATED)
