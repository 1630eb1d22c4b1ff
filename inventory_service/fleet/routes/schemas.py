# SPDX-License-Identifier: Apache-2.0
"""The shapes of the answers, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from inventory_service.core.actors import Scope
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
    """What a bulk registration made."""

    registered: int
    revision: int
    nodes: list[RegisteredOut]


class TransitionOut(BaseModel):
    """A move in a node's life."""

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


class TokenOut(BaseModel):
    """A token, without its secret."""

    token_id: str
    name: str
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


class NewTokenOut(TokenOut):
    """A token that was made just now."""

    token: str = Field(description="shown here, and never again")


class AuditOut(BaseModel):
    """One act that changed the fleet."""

    id: int
    at: datetime
    actor: str
    door: str
    action: str
    noun: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    revision: int


class ChangeOut(BaseModel):
    """That something changed; what it is now is asked of the thing itself."""

    revision: int
    at: datetime
    action: str
    noun: str
    subject: str


class ChangePage(BaseModel):
    """A page of changes."""

    items: list[ChangeOut]
    next_cursor: str | None


class StatusOut(BaseModel):
    """The fleet at a glance."""

    version: str
    revision: int
    nodes: dict[str, int]
    pending_resizes: int


class TransitionList(BaseModel):
    """All moves of a node's life."""

    items: list[TransitionOut]
    next_cursor: str | None


def page_of(view: type[BaseModel]) -> type[BaseModel]:
    """Return the shape of a page of things, of which `fields` may leave out parts."""
    noun = view.__name__.removesuffix("View")
    item = create_model(f"{noun}Item", __base__=(view, _Partial), __doc__=view.__doc__)
    return create_model(
        f"{noun}Page",
        __doc__=f"A page: {view.__doc__}",
        items=(list[item], ...),  # type: ignore[valid-type] # made just now
        next_cursor=(str | None, ...),
    )


class _Partial(BaseModel):
    """A thing of which each field may be left out."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None))
