# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every provider of servers offers, and the values that go in and out."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

STATUSES = ("creating", "running", "stopped")
"""A server in `creating` was begun and not finished: the next `create` takes it up."""


@dataclass(frozen=True)
class Server:
    """A server as its provider has it, in the words of the inventory service."""

    name: str
    provider: str
    provider_id: str
    status: str
    internal_ip: str | None
    external_ip: str | None
    spec: str
    image: str
    region: str | None
    owner: str
    labels: dict[str, str] = field(default_factory=dict)
    ssh_host_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A server as somebody wants it; None leaves the setting of an existing server alone."""

    name: str
    owner: str
    spec: str | None = None
    image: str | None = None
    region: str | None = None
    labels: dict[str, str] | None = None
    ssh_public_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registration:
    """A provider as the registry lists it: how it is built, and which options are its own."""

    from_params: t.Callable[[dict[str, t.Any]], Provider]
    """Returns the provider that a module's options describe."""
    options: dict[str, dict[str, t.Any]]
    """Entries of an argument spec, each with its description for the documentation."""
    requirements: list[str]


class Provider(t.Protocol):
    """The interface of a provider: a package with a class of this shape, and a registry line.

    Every method raises `Failure`, which names what failed, why, and what to do next.
    """

    def find_server(self, name: str, owner: str) -> Server | None:
        """Return the server of this name; a server of another owner is refused."""

    def list_servers(self, owner: str) -> list[Server]:
        """Return all servers of an owner, by name."""

    def check(self, wanted: Wanted, current: Server | None) -> list[str]:
        """Refuse what cannot be done, before anything changes; returns warnings."""

    def preview(self, wanted: Wanted) -> Server:
        """Return what `create` would return, as far as that is known beforehand."""

    def create(self, wanted: Wanted) -> Server:
        """Create and start a server, or finish one that is `creating`; waits for its host keys."""

    def has_size(self, server: Server, spec: str) -> bool:
        """Return whether the server has the size that the spec names."""

    def resize(self, server: Server, spec: str) -> Server:
        """Give an existing server the size of another spec."""

    def start(self, server: Server) -> Server:
        """Start a stopped server; waits until it takes SSH connections."""

    def stop(self, server: Server) -> Server:
        """Shut a server down."""

    def remove(self, server: Server) -> None:
        """Remove a server with everything that was made for it alone."""
