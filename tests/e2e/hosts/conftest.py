# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of its own for each test, on the real engine, and the module as a process."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from tests.hosts import engine, image, network, server

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 180


@dataclass(frozen=True)
class Answer:
    """How a run of a module ended; `result` is empty when it was killed."""

    code: int
    result: dict[str, t.Any]

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def server(self) -> t.Any:
        return self.result["server"]


@dataclass(frozen=True)
class Lab:
    """A network on the real engine, and what runs modules on it."""

    docker_host: str
    network: str
    image: str
    client: docker.DockerClient

    def start(self, module: str = "server", *steps: str, **options: t.Any) -> subprocess.Popen[str]:
        """Start a module; `finish` takes its answer."""
        flags = {
            f"_ansible_{key}": options.pop(key) for key in ("check_mode", "diff") if key in options
        }
        process = subprocess.Popen(
            [sys.executable, str(server.RUN_MODULE), module, *steps],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}/collections"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        where = {"docker_host": self.docker_host, "docker_network": self.network}
        process.stdin.write(json.dumps({**where, "owner": "tests", **options, **flags}))
        process.stdin.close()
        process.stdin = None
        return process

    def finish(self, process: subprocess.Popen[str]) -> Answer:
        """Wait for a module and return its answer."""
        output, errors = process.communicate(timeout=TIMEOUT_S)
        assert output or process.returncode < 0, errors
        return Answer(process.returncode, json.loads(output) if output else {})

    def run(self, module: str = "server", *steps: str, **options: t.Any) -> Answer:
        """Run a module and return its answer."""
        return self.finish(self.start(module, *steps, **options))

    def make(self, name: str, *steps: str, **options: t.Any) -> Answer:
        """Ask for a small server."""
        wanted = {"name": name, "spec": "s-1vcpu-512mb", "image": self.image, **options}
        return self.run("server", *steps, **wanted)

    def inspect(self, name: str) -> dict[str, t.Any]:
        """Return what the engine says of a server's container."""
        attrs: dict[str, t.Any] = self.client.containers.get(f"{self.network}.{name}").attrs
        return attrs

    def list_names(self) -> list[str]:
        """Return the names of all containers on the network, ours or not."""
        found = self.client.containers.list(all=True, filters={"network": self.network})
        return sorted(str(container.name).rpartition(".")[2] for container in found)


@pytest.fixture(scope="session")
def host_engine() -> engine.Engine:
    return engine.ensure()


@pytest.fixture(scope="session")
def host_image(host_engine: engine.Engine) -> str:
    return image.ensure(host_engine)


@pytest.fixture(scope="module")
def lab(host_engine: engine.Engine, host_image: str) -> Iterator[Lab]:
    """Return a lab for the tests of a file; all that was made in it is removed at the end."""
    name = f"h1-test-{secrets.token_hex(3)}"
    network.ensure(host_engine, name)
    with host_engine.client() as client:
        yield Lab(host_engine.docker_host, name, host_image, client)
    network.remove(host_engine, name)
