# SPDX-License-Identifier: Apache-2.0
"""Clusters, nodes and services for tests below the routes, registered by the use cases."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.clusters import ClusterRegistration
from inventory_service.fleet.domain.nodes import NodeRegistration, NodeState, TransitionRequest
from inventory_service.fleet.domain.projects import ProjectRegistration
from inventory_service.fleet.domain.services import ServiceRegistration
from inventory_service.fleet.models.address_leases import AddressLease
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import register_entry
from inventory_service.fleet.usecases.clusters import register_cluster
from inventory_service.fleet.usecases.nodes import transition_node
from inventory_service.fleet.usecases.registrations import register_node
from inventory_service.fleet.usecases.services import register_service

ACTOR = Actor("somebody", Channel.ANSIBLE, Scope.OPERATOR)
ALLOCATOR = AddressAllocator(quarantine=timedelta(days=1))


def add_cluster(session: Session, name: str = "main", prefix: str = "10.90.0.0/24") -> Cluster:
    wanted = ClusterRegistration(cluster_id=name, mesh_prefix=prefix)
    return register_cluster(session, ACTOR, wanted)


def add_project(session: Session, name: str = "shop") -> Project:
    return register_entry(session, ACTOR, Project, ProjectRegistration(project=name))


def add_service(session: Session, name: str = "api", **fields: Any) -> Service:
    wanted = {"service": name, "project": "shop", "environment": "prod"} | fields
    return register_service(session, ACTOR, ServiceRegistration(**wanted))


def make_registration(node_id: str = "web-1", **fields: Any) -> NodeRegistration:
    wanted = {"node_id": node_id, "node_type": "web", "cluster_id": "main"} | fields
    return NodeRegistration(**wanted)


def add_node(session: Session, node_id: str = "web-1", **fields: Any) -> Node:
    """Register a node, which starts as planned."""
    return register_node(session, ACTOR, make_registration(node_id, **fields), allocator=ALLOCATOR)


def move_node(session: Session, node_id: str, *states: NodeState) -> None:
    """Take a node through some states, one after the other."""
    for state in states:
        transition_node(session, ACTOR, node_id, TransitionRequest(state=state))


def find_resting(session: Session) -> set[str]:
    """Return the mesh addresses that were released."""
    query = select(AddressLease.address).where(AddressLease.released_at.is_not(None))
    return set(session.scalars(query))
