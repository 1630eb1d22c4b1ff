# SPDX-License-Identifier: Apache-2.0
"""The image of a host: Debian with systemd and sshd, rebuilt only when its recipe changes.

Equipped, it has a layer more, with the packages that the roles install: for tests of what comes
after an installation, which takes ten times as long as the rest of a role.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, get_args

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from tests.hosts import engine, network

Suite = Literal["bookworm", "trixie"]
SUITES: tuple[Suite, ...] = get_args(Suite)
REPOSITORY = "quartermaster-host"
LABEL = "quartermaster.recipe"
HERE = Path(__file__).parent
# What the Dockerfile says by CMD. STOPSIGNAL is no valid change for engines as old as 20.10; the
# module `server` names the signal at creation.
CHANGES = ['CMD ["/sbin/init"]']
BUILD_TIMEOUT_S = 900
EQUIPPED = "Dockerfile.equipped"


def ensure(host_engine: engine.Engine, suite: Suite = "bookworm") -> str:
    """Return the name of the host image of a suite, building it if the engine lacks it.

    :raises EngineMissing: when it cannot be built here.
    """
    name = get_name(suite)
    with host_engine.client(timeout_s=BUILD_TIMEOUT_S) as client, engine.lock(f"image-{suite}"):
        if not _exists(client, name):
            print(f"building the host image {name}", flush=True)
            if os.geteuid() == 0 and shutil.which("apt-get"):
                _build_from_packages(client, name, suite)
            else:
                _build_from_dockerfile(client, name, suite)
    return name


def ensure_equipped(host_engine: engine.Engine, suite: Suite = "bookworm") -> str:
    """Return the name of the host image that has the roles' packages, building it if need be.

    :raises EngineMissing: when it cannot be built here.
    """
    base = ensure(host_engine, suite)
    name = get_equipped_name(suite)
    with host_engine.client(timeout_s=BUILD_TIMEOUT_S) as client, engine.lock(f"image-{suite}"):
        if not _exists(client, name):
            print(f"building the host image {name}", flush=True)
            _equip(client, host_engine, name, base)
    return name


def get_name(suite: Suite) -> str:
    """Return the image's name; the tag carries a hash of everything that makes it."""
    return f"{REPOSITORY}:{suite}-{_hash_recipe()}"


def get_equipped_name(suite: Suite) -> str:
    """Return the name of the image with the packages, which follows the recipes of both layers."""
    digest = hashlib.sha256((HERE / EQUIPPED).read_bytes()).hexdigest()
    return f"{get_name(suite)}-equipped-{digest[:12]}"


def is_built(host_engine: engine.Engine, suite: Suite) -> bool:
    """Return whether the engine has the host image of a suite already."""
    with host_engine.client() as client:
        return _exists(client, get_name(suite))


def remove_unused(host_engine: engine.Engine, only: str | None = None) -> list[str]:
    """Remove our images that no container uses, or `only` one of them; returns their names.

    One that another image is made of stays as long as that one.
    """
    with host_engine.client() as client:
        used = {c.attrs["ImageID"] for c in client.containers.list(all=True, sparse=True)}
        unused = [
            image
            for image in client.images.list(filters={"label": LABEL})
            if image.id not in used and (only is None or only in image.tags)
        ]
        removed = []
        for image in sorted(unused, key=lambda image: str(image.attrs["Created"]), reverse=True):
            try:
                client.images.remove(str(image.id), force=True)
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
            else:
                removed += image.tags
        return sorted(removed)


def _hash_recipe() -> str:
    """Return twelve hex digits over this file's changes, the Dockerfile and the image folder."""
    files = sorted(path for path in (HERE / "image").rglob("*") if path.is_file())
    digest = hashlib.sha256(repr(CHANGES).encode())
    for path in [HERE / "Dockerfile", *files]:
        digest.update(f"\0{path.relative_to(HERE)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _exists(client: docker.DockerClient, name: str) -> bool:
    """Return whether the engine has this image."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _build_from_packages(client: docker.DockerClient, name: str, suite: Suite) -> None:
    """Build the image from Debian's packages alone; needs root, but no container registry."""
    if not shutil.which("mmdebstrap"):
        engine.install_packages("mmdebstrap", "debian-archive-keyring")
    packages = (HERE / "image" / "packages.txt").read_text().split()
    with tempfile.TemporaryDirectory(prefix="quartermaster-image-") as folder:
        tree = Path(folder) / "tree.tar"
        result = subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--include={','.join(packages)}",
                f'--customize-hook=cp -R --no-preserve=ownership "{HERE}/image/files/." "$1/"',
                f'--customize-hook=cp "{HERE}/image/customize.sh" "$1/customize.sh"',
                '--customize-hook=chroot "$1" sh /customize.sh',
                '--customize-hook=rm "$1/customize.sh"',
                suite,
                str(tree),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_TIMEOUT_S,
        )
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ["no message"]
            raise engine.EngineMissing(
                f"mmdebstrap could not build {name}: {' | '.join(lines[-3:])}"
            )
        repository, _, tag = name.partition(":")
        labels = [f"LABEL {LABEL}={tag}"]
        client.api.import_image_from_file(
            str(tree), repository=repository, tag=tag, changes=CHANGES + labels
        )


def _build_from_dockerfile(client: docker.DockerClient, name: str, suite: Suite) -> None:
    """Build the image from a registry's Debian; works without root, needs that registry."""
    try:
        _build(client, name, buildargs={"SUITE": suite})
    except DockerException as error:
        raise engine.EngineMissing(
            f"docker build of {name} failed: {error}; as root on Debian or Ubuntu the image is "
            "built from packages, without a container registry"
        ) from error


def _equip(client: docker.DockerClient, host_engine: engine.Engine, name: str, base: str) -> None:
    """Build the layer with the packages, on a network of its own: the engine may have no other."""
    net = name.partition(":")[2]
    network.ensure(host_engine, net)
    try:
        _build(client, name, dockerfile=EQUIPPED, buildargs={"BASE": base}, network_mode=net)
    except DockerException as error:
        raise engine.EngineMissing(f"docker build of {name} failed: {error}") from error
    finally:
        network.remove(host_engine, net)


def _build(client: docker.DockerClient, name: str, **options: Any) -> None:
    labels = {LABEL: name.partition(":")[2]}
    client.images.build(path=str(HERE), tag=name, labels=labels, rm=True, **options)
