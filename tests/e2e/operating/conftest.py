# SPDX-License-Identifier: Apache-2.0
"""A real systemd host on which the service is installed as docs/operating.md says."""

import contextlib
import io
import json
import re
import secrets
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.operating.page import commands
from tests.e2e.operating.wheels import PIP_CONF, build_own, fetch_locked
from tests.hosts import engine, image, network, server
from tests.hosts.commands import run, run_script

ROOT = Path(__file__).parents[3]
#: The Python of the host's Debian.
PYTHON = "3.11.2"
#: Where an operator has put the wheel and the folder `packaging`.
RELEASE = "/root/release"
SETTINGS = "/etc/quartermaster/quartermaster.env"
BACKUPS = "/var/lib/quartermaster/backups"


@dataclass
class Host:
    """A host, and the token of the service's administrator."""

    container: Any
    token: str = ""

    def sh(self, script: str, *, check: bool = True, folder: str = RELEASE) -> str:
        """Return what a shell on the host prints."""
        result = run_script(self.container, script, interpreter=("bash", "-euc"), folder=folder)
        assert not check or result.code == 0, f"{script}\n{result.output}"
        return result.output

    def follow(self, block: str, *, folder: str = RELEASE) -> str:
        """Return what commands of the page print."""
        _, function, _ = commands("Install")
        return self.sh(function + block, folder=folder)

    def put(self, folder: str, *paths: Path) -> None:
        """Copy files and folders into a folder of the host."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path in paths:
                archive.add(path, path.name)
        assert run(self.container, ["mkdir", "-p", folder]).code == 0
        assert self.container.put_archive(folder, buffer.getvalue())

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer of the service."""
        data = f"--json '{json.dumps(body)}'" if body else ""
        answer = self.sh(
            f"curl -sS --fail-with-body -X {method} -H 'Authorization: Bearer {self.token}' {data}"
            f" http://127.0.0.1:9008{path}"
        )
        return json.loads(answer)

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Return what systemd knows of a unit."""
        told = self.sh(f"systemctl show {unit} --property={','.join(names)}")
        return dict(line.split("=", 1) for line in told.splitlines())

    @contextlib.contextmanager
    def settings(self, *lines: str) -> Iterator[None]:
        """Add lines to the settings file; at the end it is as before, and the service runs."""
        self.sh(f"cp --preserve {SETTINGS} {SETTINGS}.before")
        try:
            for line in lines:
                self.sh(f"echo '{line}' >>{SETTINGS}")
            yield
        finally:
            self.sh(f"mv {SETTINGS}.before {SETTINGS}; systemctl restart quartermaster")

    def is_ready(self) -> bool:
        told = self.sh("curl -s http://127.0.0.1:9008/health/ready", check=False)
        return '"status":"ready"' in told


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this version."""
    return build_own(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def host(wheel: Path) -> Iterator[Host]:
    """A host with the service running; it is removed at the end."""
    host_engine = engine.ensure()
    name = f"operating-{secrets.token_hex(3)}"
    network.ensure(host_engine, name)
    try:
        options = {"image": image.ensure(host_engine), "network": name, "spec": "s-1vcpu-1gb"}
        server.make(host_engine, name="service", **options)
        with host_engine.client() as client:
            host = Host(client.containers.get(f"{name}.service"))
            host.put(RELEASE, wheel, ROOT / "packaging")
            _install(host)
            yield host
    finally:
        network.remove(host_engine, name)


def _install(host: Host) -> None:
    wheels = fetch_locked(PYTHON)
    host.put("/srv", wheels)
    conf = PIP_CONF.format(f"/srv/{wheels.name}")
    host.sh(f"printf '{conf}' >/etc/pip.conf; systemctl is-system-running --wait")
    host.sh("apt-get update -qq")
    install, _, start = commands("Install")
    host.sh(install)
    host.token = re.findall(r"^qm_\S+", host.follow(start), re.MULTILINE)[0]
