# SPDX-License-Identifier: Apache-2.0
"""The image of a host: one recipe, one tag, and nothing in it that hosts must not share."""

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts import engine, image


def test_the_tag_follows_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.get_name("bookworm")
    shutil.copytree(image.HERE / "image", tmp_path / "image")
    for name in ("Dockerfile", image.EQUIPPED):
        shutil.copy(image.HERE / name, tmp_path)
    monkeypatch.setattr(image, "HERE", tmp_path)
    assert image.get_name("bookworm") == before
    equipped = image.get_equipped_name("bookworm")
    assert equipped.startswith(f"{before}-equipped-")
    (tmp_path / image.EQUIPPED).write_text("FROM elsewhere\n")
    assert image.get_name("bookworm") == before
    assert image.get_equipped_name("bookworm") != equipped

    (tmp_path / "image" / "packages.txt").write_text("systemd\n")

    assert image.get_name("bookworm") != before
    assert image.get_name("trixie").startswith("quartermaster-host:trixie-")


def test_the_dockerfile_takes_the_same_recipe() -> None:
    text = (image.HERE / "Dockerfile").read_text()

    for part in ("image/packages.txt", "image/customize.sh", "image/files/", *image.CHANGES):
        assert part in text


@pytest.mark.hosts
def test_an_image_that_is_there_is_not_built_again(capsys: pytest.CaptureFixture[str]) -> None:
    found = engine.ensure()
    image.ensure_equipped(found)
    capsys.readouterr()

    assert image.ensure(found) == image.get_name("bookworm")
    assert image.ensure_equipped(found) == image.get_equipped_name("bookworm")
    assert "building" not in capsys.readouterr().out


@pytest.mark.hosts
def test_an_image_that_another_one_is_made_of_stays() -> None:
    found = engine.ensure()
    image.ensure_equipped(found)

    assert image.remove_unused(found, image.get_name("bookworm")) == []
    assert image.is_built(found, "bookworm")


@pytest.mark.hosts
@pytest.mark.parametrize(
    ("ensure", "suite"),
    [
        (image.ensure, "bookworm"),
        (image.ensure, "trixie"),
        (image.ensure_equipped, "bookworm"),
        (image.ensure_equipped, "trixie"),
    ],
)
def test_the_image_holds_no_identity(
    ensure: Callable[[engine.Engine, image.Suite], str], suite: image.Suite
) -> None:
    found = engine.ensure()
    with found.client() as client:
        container = client.containers.create(ensure(found, suite), network="none")
        try:
            stream, _stat = container.get_archive("/etc")
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tree:
                names = tree.getnames()
                machine_id = tree.getmember("etc/machine-id")
        finally:
            container.remove()

    assert not [name for name in names if name.startswith("etc/ssh/ssh_host_")]
    assert machine_id.size == 0
    assert "etc/ssh/sshd_config.d/10-cloud.conf" in names
