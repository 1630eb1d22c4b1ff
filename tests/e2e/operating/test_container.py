# SPDX-License-Identifier: Apache-2.0
"""The container of the service, built and run by the commands of docs/operating.md."""

import contextlib
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.fleet import wait_until
from tests.e2e.operating.conftest import ROOT
from tests.e2e.operating.page import commands
from tests.e2e.operating.wheels import PIP_CONF, fetch_locked
from tests.e2e.programs import find_program
from tests.hosts import engine, image, network
from tests.ports import find_free_port

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

#: The Python of Debian 13, which the container is made of.
PYTHON = "3.13.5"
TRIES = 10
BASE = "FROM {base}\nCOPY wheels /wheels\nCOPY pip.conf /etc/pip.conf\n"


@dataclass
class Docker:
    """The commands of the page on the engine of the tests, under names of their own."""

    name: str
    host: str
    context: Path
    port: int = field(default_factory=find_free_port)
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def follow(self, block: str, *, check: bool = True) -> str:
        """Return what commands of the page print."""
        lines = block.replace("\\\n", " ").splitlines()
        return "".join(self.run(*shlex.split(line)[1:], check=check) for line in lines)

    def run(self, verb: str, *words: str, check: bool = True) -> str:
        """Return what one command prints."""
        options: list[str] = []
        if verb in {"build", "run"}:
            # The engine of the tests has no network by default.
            options += ["--network", self.name]
        if verb == "run":
            # Every half minute is often enough for everybody else.
            options += ["--health-interval", "1s"]
        if verb == "build":
            # It reaches no registry of images, nor an index of packages.
            options += ["--build-arg", f"BASE={self.name}-base"]
        done = subprocess.run(
            [find_program("docker", "docker-cli"), verb, *options, *map(self._rename, words)],
            cwd=self.context,
            env={**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def look(self, *words: str, check: bool = True) -> str:
        """Return what a command inside prints; it must print something, and be harmless twice.

        A busy engine may lose that, and in a read-only container it can't be kept in a file.
        """
        for _ in range(TRIES):
            if said := self.run("exec", *words, check=check):
                return said
        raise AssertionError(f"{words} printed nothing, {TRIES} times")

    def inspect(self) -> Any:
        return json.loads(self.run("inspect", "quartermaster", "--type", "container"))[0]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer of the service."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def is_ready(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health/ready", timeout=5).ok
        return False

    def _rename(self, word: str) -> str:
        """Return a word of the page with the test's own names in it: others may have such too."""
        word = word.replace("127.0.0.1:9008:9008", f"127.0.0.1:{self.port}:9008")
        return re.sub(r"^quartermaster(?=$|-data(:|$))", self.name, word)


@pytest.fixture(scope="module")
def docker(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """The image, and a volume with a database; all is removed at the end."""
    context = tmp_path_factory.mktemp("context")
    (context / "build").mkdir()
    shutil.copy(wheel, context / "build")
    shutil.copytree(ROOT / "packaging", context / "packaging")
    shutil.copy(ROOT / ".dockerignore", context)
    host_engine = engine.ensure()
    docker = Docker(f"operating-{secrets.token_hex(3)}", host_engine.docker_host, context)
    network.ensure(host_engine, docker.name)
    try:
        _build_base(docker, image.ensure(host_engine, "trixie"))
        # Under a name of its own, so that it can be removed.
        stage = ["--target", "build", "--tag", f"{docker.name}-build"]
        docker.run("build", "--file", "packaging/Containerfile", *stage, ".")
        build, _, _ = commands("Install as a container")
        docker.token = re.findall(r"^qm_\S+", docker.follow(build), re.MULTILINE)[0]
        yield docker
    finally:
        docker.run("rm", "--force", "quartermaster", check=False)
        docker.run("volume", "rm", "--force", "quartermaster-data", check=False)
        names = [f"{docker.name}{end}" for end in ("", "-build", "-base")]
        docker.run("rmi", *names, check=False)
        network.remove(host_engine, docker.name)


def _build_base(docker: Docker, host_image: str) -> None:
    folder = docker.context / "base"
    shutil.copytree(fetch_locked(PYTHON), folder / "wheels")
    (folder / "pip.conf").write_text(PIP_CONF.format("/wheels"), "utf-8")
    (folder / "Dockerfile").write_text(BASE.format(base=host_image), "utf-8")
    docker.run("build", "--tag", f"{docker.name}-base", "base")


@pytest.fixture
def started(docker: Docker) -> Docker:
    """The service as the page starts it."""
    docker.run("rm", "--force", "quartermaster", check=False)
    _, start, _ = commands("Install as a container")
    docker.follow(start)
    wait_until(docker.is_ready, what="the container answers")
    return docker


def test_it_can_write_to_its_volume_only_and_is_nobody_in_particular(started: Docker) -> None:
    status = started.look("quartermaster", "cat", "/proc/1/status")
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status
    assert "Uid:\t9008\t9008\t9008\t9008" in status
    for path in ("/x", "/etc/x", "/opt/quartermaster/x"):
        told = started.look("--user", "0", "quartermaster", "touch", path, check=False)
        assert "Read-only file system" in told
    mode = ["stat", "--format", "%a %u", "/var/lib/quartermaster/fleet.sqlite"]
    assert started.look("quartermaster", *mode).split()[1] == "9008"


def test_its_health_is_that_of_the_service(started: Docker) -> None:
    wait_until(
        lambda: started.inspect()["State"]["Health"]["Status"] == "healthy", what="it is healthy"
    )
    _, program, *words = started.inspect()["Config"]["Healthcheck"]["Test"]
    alone = started.run(
        "run", "--rm", "--entrypoint", program, "quartermaster", *words, check=False
    )
    assert "Connection refused" in alone


def test_the_fleet_outlives_the_container(started: Docker) -> None:
    started.call("POST", "/api/v1/projects", {"project": "kept"})
    _, start, upgrade = commands("Install as a container")
    started.follow(upgrade)
    started.follow(start)
    wait_until(started.is_ready, what="the new container answers")
    assert started.call("GET", "/api/v1/projects/kept")["project"] == "kept"
    assert "before.sqlite" in started.look("quartermaster", "ls", "/var/lib/quartermaster")


def test_a_stop_is_obeyed(started: Docker) -> None:
    begun = time.monotonic()
    started.run("stop", "quartermaster")
    assert time.monotonic() - begun < 20
    assert started.inspect()["State"]["ExitCode"] == 0
