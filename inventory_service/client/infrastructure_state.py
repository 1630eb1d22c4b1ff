# SPDX-License-Identifier: Apache-2.0
"""`InfrastructureState`: the fleet in the words of droplets and projects, a thin layer on `Client`.

The service holds the state; the file is a copy that `save_state` writes, and nothing reads.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inventory_service.client.catalog import Record, drop_none
from inventory_service.client.client import Client
from inventory_service.client.droplets import (
    count_words,
    is_live,
    runs_on,
    to_address,
    to_droplet,
    write_file,
)
from inventory_service.client.errors import InvalidName, NotFound, NotSupported

MASTER, WEB = "master", "web"
_LIVE = ("planned", "provisioning", "active", "maintenance", "failed")
_REASON = "by InfrastructureState"


class InfrastructureState:
    """Droplets are nodes, and project services are services; each method asks the service anew.

    A project of services is named with its environment, like `hostomatic-prod`.
    """

    def __init__(
        self, state_file: str = "config/infrastructure.json", *, client: Client | None = None
    ) -> None:
        """Take the file of `save_state`, and a client other than that of the environment."""
        self.state_file = Path(state_file)
        self._client = client or Client()

    def save_state(self) -> None:
        """Write the droplets and projects as they are now into the file, whole or not at all."""
        state = {"droplets": self.get_all_droplets(), "projects": self.get_all_projects()}
        write_file(self.state_file, json.dumps(state, indent=2) + "\n")

    def add_droplet(
        self,
        name: str,
        ip: str,
        size: str,
        region: str,
        role: str,
        monitors: Sequence[str] | None = None,
    ) -> None:
        """Add a server that is there already: a node, in the only cluster, which is active then.

        :raises Conflict: there is one of that name, or its address is taken.
        :raises NotSupported: it has monitors, which nodes have not yet.
        """
        if monitors:
            raise NotSupported("monitors: nodes do not watch each other", next_step="leave it out")
        clusters = [one["cluster_id"] for one in self._client.clusters.iterate() if is_live(one)]
        if len(clusters) != 1:
            raise NotSupported(
                f"a droplet names no cluster, and there are {len(clusters)}",
                next_step="register the node by client.nodes.register, with its cluster_id",
            )
        sizes = {"spec": size, "provisioned_spec": size}
        self._client.nodes.register(
            name, node_type=role, cluster_id=clusters[0], region=region, **sizes, **to_address(ip)
        )
        for state in ("provisioning", "active"):
            self._client.nodes.move(name, state, reason=_REASON)

    def update_droplet_ip(self, name: str, new_ip: str) -> None:
        """Change the address of a droplet: the internal one if it is private, else the external."""
        self._client.nodes.change(name, **to_address(new_ip))

    def remove_droplet(self, name: str) -> None:
        """Retire the node; its server is destroyed by the playbook `retire`."""
        self._client.nodes.retire(name, reason=_REASON)

    def get_droplet(self, name: str) -> dict[str, Any] | None:
        """Return a droplet, or None if there is none of that name."""
        try:
            node = self._client.nodes.get(name)
        except NotFound:
            return None
        return to_droplet(node) if node["state"] in _LIVE else None

    def get_all_droplets(self) -> dict[str, dict[str, Any]]:
        """Return all droplets by name."""
        return {node["node_id"]: to_droplet(node) for node in self._client.nodes.iterate()}

    def get_droplets_by_role(self, role: str) -> dict[str, dict[str, Any]]:
        """Return the droplets of a role, by name."""
        found = self._client.nodes.iterate(node_type=[role])
        return {node["node_id"]: to_droplet(node) for node in found}

    def get_master_droplet(self) -> dict[str, Any] | None:
        """Return the first master by name, or None."""
        return next(iter(self.get_droplets_by_role(MASTER).values()), None)

    def get_web_droplets(self) -> dict[str, dict[str, Any]]:
        """Return the web droplets, by name."""
        return self.get_droplets_by_role(WEB)

    def add_project_service(
        self,
        project: str,
        service_type: str,
        port: int | None = None,
        assigned_droplets: Sequence[str] | None = None,
        service_config: dict[str, Any] | None = None,
    ) -> None:
        """Register a service, and its project if that is new; without a port it gets one.

        `service_config` has further fields of a service, like `protocol` and `health_path`.

        :raises Conflict: there is one of that name, or was.
        """
        name, environment = self._split(project)
        try:
            self._client.projects.get(name)
        except NotFound:
            self._client.projects.register(name, reason=_REASON)
        self._client.services.register(
            self.get_service_name(project, service_type),
            project=name,
            environment=environment,
            nodes=list(assigned_droplets or ()),
            **drop_none(port=port),
            **(service_config or {}),
        )

    def remove_project_service(self, project: str, service_type: str) -> None:
        """Retire a service; its name is not given again."""
        self._client.services.retire(self.get_service_name(project, service_type), reason=_REASON)

    def get_project_services(self, project: str) -> dict[str, dict[str, Any]]:
        """Return the services of a project in its environment, by type."""
        found = self.get_all_projects().get(project, {"services": {}})
        services: dict[str, dict[str, Any]] = found["services"]
        return services

    def get_all_projects(self) -> dict[str, dict[str, Any]]:
        """Return the projects that have services, each with its environment, and the services."""
        nodes = list(self._client.nodes.iterate())
        projects: dict[str, dict[str, Any]] = {}
        for service in self._iter_services():
            name = f"{service['project']}-{service['environment']}"
            services = projects.setdefault(name, {"services": {}})["services"]
            kind = service["service"].removeprefix(f"{name}-")
            services[kind] = {
                "port": service["port"],
                "protocol": service["protocol"],
                "assigned_droplets": [one["node_id"] for one in nodes if runs_on(service, one)],
            }
        return projects

    def get_service_name(self, project: str, service_type: str) -> str:
        """Return the name of a service: `hostomatic-prod-backend`."""
        return f"{project}-{service_type}"

    def get_services_on_droplet(self, droplet_name: str) -> list[str]:
        """Return the names of the services that run on a droplet."""
        node = self._client.nodes.get(droplet_name)
        return [one["service"] for one in self._iter_services() if runs_on(one, node)]

    def get_load_balancer_targets(self, project: str, service_type: str) -> list[str]:
        """Return `address:port` of the active web droplets that a service runs on."""
        service = self._client.services.get(self.get_service_name(project, service_type))
        nodes = self._client.nodes.iterate(node_type=[WEB], state=["active"])
        found = [to_droplet(node)["ip"] for node in nodes if runs_on(service, node)]
        return [f"{ip}:{service['port']}" for ip in found if ip]

    def generate_resource_hash(self, project: str, environment: str) -> str:
        """Return 8 hexadecimal digits, the same each time for a project and environment."""
        # Length-prefixed, so that ('a-b', 'c') and ('a', 'b-c') differ.
        text = "/".join(f"{len(name)}:{name}" for name in (project, environment))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def get_hash_based_port(
        self, project: str, environment: str, base_port: int, port_range: int = 1000
    ) -> int:
        """Return the port of a project in an environment, the same each time, and nobody else's."""
        given = self._client.give_port(project, environment, base=base_port, size=port_range)
        return int(given["port"])

    def validate_state(self) -> list[str]:
        """Return what is wrong: failed droplets, those without an address, services on none."""
        nodes = list(self._client.nodes.iterate())
        return [
            *(f"droplet {one['node_id']} has failed" for one in nodes if one["state"] == "failed"),
            *(
                f"droplet {one['node_id']} is active and has no address"
                for one in nodes
                if one["state"] == "active" and not to_droplet(one)["ip"]
            ),
            *(
                f"service {service['service']} runs on no droplet"
                for service in self._iter_services()
                if not any(runs_on(service, one) for one in nodes)
            ),
        ]

    def get_summary(self) -> dict[str, Any]:
        """Return how many droplets there are, by role and state, and how many services."""
        droplets = self.get_all_droplets().values()
        projects = self.get_all_projects()
        return {
            "droplets": len(droplets),
            "droplets_by_role": count_words([one["role"] for one in droplets]),
            "droplets_by_state": count_words([one["state"] for one in droplets]),
            "projects": sorted(projects),
            "services": sum(len(one["services"]) for one in projects.values()),
        }

    def _iter_services(self) -> Iterator[Record]:
        return (one for one in self._client.services.iterate() if is_live(one))

    def _split(self, project: str) -> tuple[str, str]:
        known = [one["environment"] for one in self._client.environments.iterate()]
        for environment in sorted(known, key=len, reverse=True):
            name = project.removesuffix(f"-{environment}")
            if name not in {project, ""}:
                return name, environment
        raise InvalidName(
            f"project {project!r} names no environment",
            next_step=f"write it with one of {', '.join(known)}, like {project}-{known[0]}",
        )
