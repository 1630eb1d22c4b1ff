# SPDX-License-Identifier: Apache-2.0
"""The schemas of answers, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from inventory_service.fleet.domain.clusters import ClusterType
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.domain.services import ServiceProtocol


class NodeOut(BaseModel):
    """A node."""

    node_id: str
    node_type: str
    cluster_id: str
    region: str | None
    environment: str | None
    project: str | None
    state: NodeState
    internal_ip: str | None
    external_ip: str | None
    wireguard_ip: str | None
    wireguard_public_key: str | None
    wireguard_next_public_key: str | None
    provider: str | None
    provider_id: str | None
    spec: str | None
    provisioned_spec: str | None
    image: str | None
    ssh_host_keys: list[str]
    labels: dict[str, str]
    vars: dict[str, Any]
    source: str
    last_seen: datetime | None
    created_at: datetime
    updated_at: datetime
    revision: int


class RegisteredOut(BaseModel):
    """A node that was registered just now."""

    node_id: str
    wireguard_ip: str


class RegistrationsOut(BaseModel):
    """The nodes that a bulk registration added."""

    registered: int
    revision: int
    nodes: list[RegisteredOut]
    warnings: list[str] = Field(
        description="a sentence for each name of a variable of which Ansible warns at each run"
    )


class TransitionOut(BaseModel):
    """A change of a node's state, as it was recorded."""

    id: int
    node_id: str
    from_state: NodeState
    to_state: NodeState
    actor: str
    door: str
    reason: str | None
    at: datetime


class ClusterOut(BaseModel):
    """A cluster."""

    cluster_id: str
    cluster_type: ClusterType
    region: str | None
    mesh_prefix: str
    mesh_port: int
    created_at: datetime
    retired_at: datetime | None
    revision: int


class ProjectOut(BaseModel):
    """A project."""

    project: str
    description: str | None
    owner: str | None
    created_at: datetime
    retired_at: datetime | None
    revision: int


class EnvironmentOut(BaseModel):
    """An environment."""

    environment: str
    description: str | None
    owner: str | None
    created_at: datetime
    retired_at: datetime | None
    revision: int


class ServiceOut(BaseModel):
    """A service."""

    service: str
    project: str
    environment: str
    description: str | None
    port: int
    protocol: ServiceProtocol
    node_types: list[str]
    nodes: list[str]
    health_path: str | None
    scrape_job: str | None
    metrics_path: str
    created_at: datetime
    retired_at: datetime | None
    revision: int


class PortOut(BaseModel):
    """A port that was given to a project."""

    project: str
    environment: str
    service: str | None
    base: int
    range: int
    port: int
    preferred: int = Field(description="the port before a collision was resolved")


class StatusOut(BaseModel):
    """The fleet at a glance."""

    version: str
    revision: int
    nodes: dict[str, int]
    pending_resizes: int


class TransitionList(BaseModel):
    """All transitions of a node."""

    items: list[TransitionOut]
    next_cursor: str | None
