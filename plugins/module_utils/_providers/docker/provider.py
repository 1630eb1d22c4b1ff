# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers as containers of a Docker engine: hosts with systemd and sshd on one machine."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

from ..provider import Server, Wanted
from ..sizes import parse_spec
from . import containers
from .engine import Engine, translate_errors

with contextlib.suppress(ImportError):
    # Where it is missing, Engine.connect reports that before anything is called.
    import docker.errors

MAX_TRIES = 30
STOP_TIMEOUT_S = 30


class DockerProvider:
    """Servers on one network of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._api = engine.api

    @classmethod
    def from_params(cls, params: dict[str, t.Any]) -> DockerProvider:
        """Return the provider that the module's options name.

        :raises Failure: when the SDK is missing or the engine does not answer.
        """
        return cls(Engine.connect(params))

    def find_server(self, name: str, owner: str) -> Server | None:
        """Return the server of this name, or None."""
        attrs = self._engine.find(name, owner)
        return self._engine.read(attrs) if attrs else None

    def list_servers(self, owner: str) -> list[Server]:
        """Return the owner's servers on the network, by name."""
        labels = [
            f"{containers.OWNER_LABEL}={owner}",
            f"{containers.NETWORK_LABEL}={self._engine.network}",
        ]
        with translate_errors("list the servers"):
            found = self._api.containers(all=True, filters={"label": labels})
        names = sorted(entry["Labels"].get(containers.NAME_LABEL, "") for entry in found)
        # One that is removed meanwhile is simply no longer listed.
        servers = (self.find_server(name, owner) for name in names)
        return [server for server in servers if server]

    def check(self, wanted: Wanted, current: Server | None) -> list[str]:
        """Refuse what cannot be done; the image of an existing server is only warned about."""
        if wanted.spec is not None:
            parse_spec(wanted.spec)
        if current is None or current.status == "creating":
            self._check_creation(wanted)
        if current is None:
            return []
        for what, old, new in (
            ("labels", current.labels, wanted.labels),
            ("region", current.region, wanted.region),
        ):
            if new is not None and new != old:
                raise Failure(
                    f"the {what} of the server {wanted.name} are fixed at creation and "
                    f"cannot change from {old!r} to {new!r}: leave them, "
                    "or remove the server and make it anew",
                    code="immutable",
                )
        if wanted.image in {None, current.image}:
            return []
        warning = (
            f"the server {wanted.name} keeps its image {current.image}: remove it and make it anew "
            f"to get {wanted.image}"
        )
        return [warning]

    def preview(self, wanted: Wanted) -> Server:
        """Return the server as it would be made, at its likely address."""
        return Server(
            name=wanted.name,
            provider="docker",
            provider_id="",
            status="running",
            internal_ip=self._pick_address(wanted.name, again=False),
            external_ip=None,
            spec=wanted.spec or "",
            image=wanted.image or "",
            region=wanted.region,
            owner=wanted.owner,
            labels=dict(sorted((wanted.labels or {}).items())),
        )

    def create(self, wanted: Wanted) -> Server:
        """Make the server, or finish one that an interrupted run began.

        Each step looks at the engine first, so it does not matter who did the one before.
        """
        for attempt in range(MAX_TRIES):
            attrs = self._engine.find(wanted.name, wanted.owner)
            if attrs is None:
                attrs = self._make(wanted, again=attempt > 0)
            if attrs is None:
                continue
            if containers.was_never_started(attrs) and not self._prepare_and_start(attrs, wanted):
                continue
            return self._wait_until_up(attrs["Id"], wanted.name)
        raise Failure(
            f"the server {wanted.name} could not be made in {MAX_TRIES} tries, for others took its "
            "addresses: run again",
            code="busy",
        )

    def has_size(self, server: Server, spec: str) -> bool:
        """Return whether the container has these limits."""
        return parse_spec(server.spec) == parse_spec(spec)

    def resize(self, server: Server, spec: str) -> Server:
        """Change the limits of the container, without a restart."""
        limits = containers.get_limits(spec)
        with translate_errors(f"resize the server {server.name} from {server.spec} to {spec}"):
            self._api.update_container(server.provider_id, **limits)
        return self._get(server.provider_id)

    def start(self, server: Server) -> Server:
        """Start the container at its old address."""
        with translate_errors(f"start the server {server.name}"):
            self._api.start(server.provider_id)
        return self._wait_until_up(server.provider_id, server.name)

    def stop(self, server: Server) -> Server:
        """Let systemd shut the host down, and end what does not follow in time."""
        with translate_errors(f"stop the server {server.name}"):
            self._api.stop(server.provider_id, timeout=STOP_TIMEOUT_S)
        return self._get(server.provider_id)

    def remove(self, server: Server) -> None:
        """Remove the container with its anonymous volumes; one that is gone already is no error."""
        with translate_errors(f"remove the server {server.name}"):
            try:
                self._api.remove_container(server.provider_id, v=True, force=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if "already in progress" not in str(error):
                    raise
        self._engine.wait_for(
            lambda: self._engine.find(server.name, server.owner) is None,
            f"the engine did not remove the server {server.name}",
        )

    def _get(self, container_id: str) -> Server:
        with translate_errors("look at the server"):
            return self._engine.read(self._api.inspect_container(container_id))

    def _check_creation(self, wanted: Wanted) -> None:
        for option in ("spec", "image"):
            if getattr(wanted, option) is None:
                raise Failure(
                    f"{option} is needed to make the server {wanted.name}", code="missing"
                )
        self._engine.get_pool()
        with translate_errors(f"look at the image {wanted.image}"):
            try:
                self._api.inspect_image(wanted.image)
            except docker.errors.ImageNotFound as error:
                raise Failure(
                    f"the engine {self._api.base_url} has no image {wanted.image}: build or "
                    "pull it there",
                    code="no_image",
                ) from error

    def _make(self, wanted: Wanted, *, again: bool) -> dict[str, t.Any] | None:
        """Create the container, not yet started; None when somebody else just took its name."""
        address = self._pick_address(wanted.name, again=again)
        api, settings = self._api, containers.get_host_settings()
        limits = containers.get_limits(wanted.spec or "")
        network = self._engine.network
        endpoint = api.create_endpoint_config(ipv4_address=address, aliases=[wanted.name])
        with translate_errors(f"create the server {wanted.name}"):
            try:
                made = api.create_container(
                    wanted.image,
                    name=containers.get_container_name(network, wanted.name),
                    hostname=wanted.name,
                    command=["/sbin/init"],
                    environment={"container": "docker"},
                    stop_signal="SIGRTMIN+3",
                    labels=containers.get_labels(wanted, network),
                    networking_config=api.create_networking_config({network: endpoint}),
                    host_config=api.create_host_config(network_mode=network, **settings, **limits),
                )
            except docker.errors.APIError as error:
                if error.status_code == 409:  # noqa: PLR2004 - the engine's word for a taken name
                    return None
                raise
            return t.cast("dict[str, t.Any]", api.inspect_container(made["Id"]))

    def _prepare_and_start(self, attrs: dict[str, t.Any], wanted: Wanted) -> bool:
        """Give a new container its keys and start it.

        False when it had to be discarded, for another one has its address or it is not as wanted;
        nothing is lost with it, as it never ran.
        """
        shown, container_id = containers.parse_server(attrs), attrs["Id"]
        is_wanted = self.has_size(shown, wanted.spec or "") and shown.image == wanted.image
        with translate_errors(f"start the server {wanted.name}"):
            try:
                if is_wanted and not self._is_shared(container_id, shown.internal_ip):
                    keys = containers.pack_authorized_keys(wanted.ssh_public_keys)
                    self._api.put_archive(container_id, "/root", keys)
                    self._api.start(container_id)
                    return True
            except docker.errors.NotFound:
                return False
            except docker.errors.APIError as error:
                if "address already in use" not in str(error).lower():
                    raise
        self.remove(shown)
        return False

    def _is_shared(self, container_id: str, address: str | None) -> bool:
        """Return whether another container has the same address.

        The engine reserves an address at the start only. Everybody looks after creating: of two who
        chose the same address at least the later one sees the other, and gives way.
        """
        return address in self._engine.list_addresses(besides=container_id)

    def _pick_address(self, name: str, *, again: bool) -> str:
        return containers.pick_address(
            name, self._engine.get_pool(), self._engine.list_addresses(), again=again
        )

    def _wait_until_up(self, container_id: str, name: str) -> Server:
        """Return the server once its sshd listens, which is after the host keys were made."""

        def is_up() -> bool:
            state = self._api.inspect_container(container_id)["State"]
            if not state["Running"] and not state["Restarting"]:
                raise Failure(
                    f"the server {name} ended during its boot with code {state['ExitCode']}: "
                    "is its image made for systemd?",
                    code="boot_failed",
                )
            return state["Running"] and self._engine.ask(container_id, "ssh.service")

        self._engine.wait_for(is_up, f"sshd of the server {name} did not come up; see its journal")
        return self._get(container_id)
