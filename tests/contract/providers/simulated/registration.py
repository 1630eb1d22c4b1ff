# SPDX-License-Identifier: GPL-3.0-or-later
"""A second provider, in memory: all that a new one needs, in a folder of its own."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import replace

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.provider import (
    Registration,
    Server,
    Wanted,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.sizes import parse_spec

IMAGE = "simulated-host:1"
OPTIONS: dict[str, dict[str, t.Any]] = {
    "simulated_zone": {
        "type": "str",
        "default": "zone-1",
        "description": ["The zone of the simulated servers."],
    },
}


class SimulatedProvider:
    """Servers of a zone, as entries of a dictionary that outlives one module's run."""

    zones: t.ClassVar[dict[str, dict[str, Server]]] = {}

    def __init__(self, zone: str) -> None:
        self._servers = self.zones.setdefault(zone, {})

    @classmethod
    def from_params(cls, params: dict[str, t.Any]) -> SimulatedProvider:
        return cls(params["simulated_zone"])

    def find_server(self, name: str, owner: str) -> Server | None:
        server = self._servers.get(name)
        if server is not None and server.owner != owner:
            raise Failure(
                f"the server {name} belongs to {server.owner}: choose another name", code="not_ours"
            )
        return server

    def list_servers(self, owner: str) -> list[Server]:
        return [one for _, one in sorted(self._servers.items()) if one.owner == owner]

    def check(self, wanted: Wanted, current: Server | None) -> list[str]:
        if wanted.spec is not None:
            parse_spec(wanted.spec)
        if current is None:
            for option in ("spec", "image"):
                if getattr(wanted, option) is None:
                    raise Failure(f"{option} is needed to create {wanted.name}", code="missing")
            if wanted.image != IMAGE:
                raise Failure(f"there is no image {wanted.image}: use {IMAGE}", code="no_image")
            return []
        if wanted.labels not in (None, current.labels):
            raise Failure(f"the labels of {wanted.name} are fixed", code="immutable")
        return [] if wanted.image in {None, current.image} else [f"{wanted.name} keeps its image"]

    def preview(self, wanted: Wanted) -> Server:
        return Server(
            name=wanted.name,
            provider="simulated",
            provider_id="",
            status="running",
            internal_ip=None,
            external_ip=None,
            spec=wanted.spec or "",
            image=wanted.image or "",
            region=wanted.region,
            owner=wanted.owner,
            labels=dict(wanted.labels or {}),
        )

    def create(self, wanted: Wanted) -> Server:
        made = self._servers.get(wanted.name)
        if made is None:
            digest = hashlib.sha256(wanted.name.encode()).hexdigest()
            made = replace(
                self.preview(wanted),
                provider_id=digest[:12],
                internal_ip=f"10.99.{int(digest[:2], 16)}.{int(digest[2:4], 16)}",
                ssh_host_keys=(f"ssh-ed25519 {digest}",),
            )
        return self._keep(made)

    def has_size(self, server: Server, spec: str) -> bool:
        return parse_spec(server.spec) == parse_spec(spec)

    def resize(self, server: Server, spec: str) -> Server:
        return self._keep(replace(server, spec=spec))

    def start(self, server: Server) -> Server:
        return self._keep(replace(server, status="running"))

    def stop(self, server: Server) -> Server:
        return self._keep(replace(server, status="stopped"))

    def remove(self, server: Server) -> None:
        self._servers.pop(server.name, None)

    def _keep(self, server: Server) -> Server:
        self._servers[server.name] = server
        return server


PROVIDER = Registration(SimulatedProvider.from_params, OPTIONS, [])
