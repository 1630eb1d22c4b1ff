# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the provider `docker` asks a Docker engine, with errors as sentences."""

from __future__ import annotations

import contextlib
import time
import traceback
import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

from ..provider import Server
from . import containers

try:
    import docker
    import docker.errors
    import requests.exceptions
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

API_TIMEOUT_S = 60
POLL_S = 0.2
POLL_GROWTH = 1.4
MAX_POLL_S = 3.0


class Engine:
    """One network of an engine; `api` is the SDK's own client, for changes."""

    def __init__(self, api: t.Any, network: str, *, timeout_s: float) -> None:
        self.api = api
        self.network = network
        self._timeout_s = timeout_s

    @classmethod
    def connect(cls, params: dict[str, t.Any]) -> Engine:
        """Return the engine that the module's options name.

        :raises Failure: when the SDK is missing or the engine does not answer.
        """
        if IMPORT_ERROR:
            raise Failure(
                missing_required_lib("docker"), code="missing_library", exception=IMPORT_ERROR
            )
        host = params["docker_host"]
        try:
            api = docker.APIClient(base_url=host, version="auto", timeout=API_TIMEOUT_S)
        except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
            raise Failure(
                f"no Docker engine answers at {host}: start it, or name another in docker_host "
                f"({error})",
                code="engine_unreachable",
            ) from error
        return cls(api, params["docker_network"], timeout_s=params["timeout"])

    def find(self, name: str, owner: str) -> dict[str, t.Any] | None:
        """Return the inspected container of a server.

        :raises Failure: with code `not_ours` when it does not carry the owner's label.
        """
        container = containers.get_container_name(self.network, name)
        with translate_errors(f"look at the container {container}"):
            try:
                attrs: dict[str, t.Any] = self.api.inspect_container(container)
            except docker.errors.NotFound:
                return None
        found = (attrs["Config"]["Labels"] or {}).get(containers.OWNER_LABEL)
        if found == owner:
            return attrs
        label = (
            f"{containers.OWNER_LABEL}={found}" if found else f"no label {containers.OWNER_LABEL}"
        )
        raise Failure(
            f"the container {container} carries {label} and not {owner!r}, so it is not touched: "
            "choose another name, or remove or rename that container yourself",
            code="not_ours",
        )

    def read(self, attrs: dict[str, t.Any]) -> Server:
        """Return the server with its host keys, read through the engine, not over the network."""
        if containers.was_never_started(attrs):
            return containers.parse_server(attrs)
        with translate_errors("read the host keys"):
            try:
                stream, _stat = self.api.get_archive(attrs["Id"], "/etc/ssh")
            except docker.errors.NotFound:
                return containers.parse_server(attrs)
            archive = b"".join(stream)
        return containers.parse_server(attrs, containers.unpack_host_keys(archive))

    def list_addresses(self, *, besides: str = "") -> set[str]:
        """Return the addresses of all containers on the network, also of those that do not run."""
        with translate_errors(f"list the addresses on {self.network}"):
            found = self.api.containers(all=True)
        addresses = (
            containers.get_address(entry["NetworkSettings"]["Networks"] or {}, self.network)
            for entry in found
            if entry["Id"] != besides
        )
        return {address for address in addresses if address}

    def get_pool(self) -> dict[str, t.Any]:
        """Return the IPv4 pool of the network."""
        with translate_errors(f"look at the network {self.network}"):
            try:
                network = self.api.inspect_network(self.network)
            except docker.errors.NotFound as error:
                raise Failure(
                    f"the engine {self.api.base_url} has no network {self.network}: make it, "
                    f"as with `docker network create --subnet 10.20.30.0/24 {self.network}`",
                    code="no_network",
                ) from error
        pools = [p for p in network["IPAM"]["Config"] or [] if "." in p.get("Subnet", "")]
        if not pools:
            raise Failure(f"the network {self.network} has no IPv4 subnet", code="no_network")
        return t.cast("dict[str, t.Any]", pools[0])

    def ask(self, container_id: str, unit: str) -> bool:
        """Return whether a unit is active inside; early in the boot nothing answers: it is not."""
        command = ["systemctl", "is-active", "--quiet", unit]
        try:
            run = self.api.exec_create(container_id, command)["Id"]
            self.api.exec_start(run)
            return bool(self.api.exec_inspect(run)["ExitCode"] == 0)
        except docker.errors.APIError:
            return False

    def wait_for(self, is_done: t.Callable[[], bool], failure: str) -> None:
        """Return once `is_done` returns True.

        :raises Failure: with code `timeout` and the text `failure` when that takes too long.
        """
        deadline = time.monotonic() + self._timeout_s
        pause_s = POLL_S
        with translate_errors("wait"):
            while not is_done():
                if time.monotonic() > deadline:
                    raise Failure(f"{failure} (after {self._timeout_s:g} s)", code="timeout")
                time.sleep(pause_s)
                # Each check inside a host costs its engine a process: twenty callers without a
                # pause would slow down the very boots that they wait for.
                pause_s = min(pause_s * POLL_GROWTH, MAX_POLL_S)


@contextlib.contextmanager
def translate_errors(act: str) -> t.Iterator[None]:
    """Turn the SDK's errors into a sentence about what was tried."""
    try:
        yield
    except docker.errors.APIError as error:
        raise Failure(f"cannot {act}: {error.explanation or error}", code="engine") from error
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise Failure(
            f"cannot {act}: the engine does not answer: {error}", code="engine"
        ) from error
