# SPDX-License-Identifier: Apache-2.0
"""A service: what a project runs in an environment on some nodes, on one port."""

import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from pydantic import Field, model_validator

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.field_types import Label, Line, NodeId, NodeType, UrlPath
from inventory_service.fleet.domain.catalog import CatalogChange
from inventory_service.fleet.domain.ports import HIGHEST_PORT, PortRequest, check_range

#: The range that ports are given from: above the well-known ports of daemons, and below those that
#: Linux takes for its own connections (net.ipv4.ip_local_port_range begins at 32768).
FIRST_PORT, PORTS = 20_000, 10_000


class ServiceProtocol(enum.StrEnum):
    """The protocol on a service's port."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    UDP = "udp"


#: Protocols whose requests name a path.
WEB = frozenset({ServiceProtocol.HTTP.value, ServiceProtocol.HTTPS.value})


class ServiceChange(CatalogChange):
    """The fields of a service that can change; its port stays: clients and firewalls know it.

    It runs on the nodes of its project and environment whose type it names, and on the nodes that
    it names, wherever they belong.
    """

    description: Line | None = None
    protocol: ServiceProtocol = ServiceProtocol.HTTP
    node_types: list[NodeType] = Field(
        default_factory=list,
        max_length=64,
        description="runs on all nodes of these types in its project and environment",
    )
    nodes: list[NodeId] = Field(
        default_factory=list, max_length=1000, description="runs on these nodes, too"
    )
    health_path: UrlPath | None = Field(
        default=None, description="answers 2xx while the service is healthy"
    )
    scrape_job: Label | None = Field(
        default=None, description="the job under which Prometheus scrapes it; services may share it"
    )
    metrics_path: UrlPath = "/metrics"


class ServiceRegistration(ServiceChange):
    """The fields of a new service."""

    service: Label
    project: Label
    environment: Label
    port: int | None = Field(
        default=None,
        ge=1,
        le=HIGHEST_PORT,
        description="if left out, one is given, always the same for the same service",
    )
    port_base: int = Field(default=FIRST_PORT, ge=1, le=HIGHEST_PORT)
    port_range: int = Field(default=PORTS, ge=1, le=HIGHEST_PORT)

    @model_validator(mode="after")
    def _ends_within_tcp(self) -> "ServiceRegistration":
        check_range(self.port_base, self.port_range)
        return self

    def get_port_request(self) -> PortRequest:
        """Return the request for a port that belongs to this service alone."""
        return PortRequest(
            project=self.project,
            environment=self.environment,
            service=self.service,
            base=self.port_base,
            range=self.port_range,
        )


class Service(Protocol):
    """What the rules need to know of a service on record."""

    service: str
    project: str
    environment: str
    node_types: list[str]
    nodes: list[str]
    protocol: str
    port: int
    health_path: str | None
    scrape_job: str | None
    metrics_path: str


def check_protocol(service: Service) -> None:
    """Raise BadInput if the service has a health path or a scrape job, but speaks no HTTP."""
    if service.protocol in WEB:
        return
    field_errors = [
        FieldError(field, f"needs a protocol that has paths, and this is {service.protocol}")
        for field in ("health_path", "scrape_job")
        if getattr(service, field) is not None
    ]
    if field_errors:
        raise BadInput(
            f"Service '{service.service}' speaks {service.protocol}, which has no paths to ask "
            "for. Choose http or https, or leave out the fields named; metrics on another port "
            "are a service of their own.",
            field_errors=field_errors,
        )


class Placement:
    """Looks up which services run on a node; built once for all nodes of an answer."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._by_type: dict[tuple[str | None, ...], list[Service]] = defaultdict(list)
        self._by_node: dict[str, list[Service]] = defaultdict(list)
        for service in services:
            for node_type in set(service.node_types):
                key = (service.project, service.environment, node_type)
                self._by_type[key].append(service)
            for node_id in set(service.nodes):
                self._by_node[node_id].append(service)

    @property
    def is_empty(self) -> bool:
        """Return whether no service runs on any node."""
        return not (self._by_type or self._by_node)

    def find(
        self, node_id: str, project: str | None, environment: str | None, node_type: str
    ) -> Sequence[Service]:
        """Return the services of one node by name."""
        by_type = self._by_type.get((project, environment, node_type), ())
        by_node = self._by_node.get(node_id, ())
        found = {service.service: service for service in (*by_type, *by_node)}
        return [found[name] for name in sorted(found)]


def describe(services: Sequence[Service]) -> dict[str, dict[str, Any]] | None:
    """Return services as a host's variable has them, by name; None for none."""
    if not services:
        return None
    return {
        one.service: {"port": one.port, "protocol": one.protocol, "health_path": one.health_path}
        for one in services
    }
