# SPDX-License-Identifier: Apache-2.0
"""The image of a host: one recipe, one tag, and nothing in it that hosts must not share."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.hosts import engine, image


def test_the_tag_follows_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.get_name("bookworm")
    shutil.copytree(image.HERE / "image", tmp_path / "image")
    shutil.copy(image.HERE / "Dockerfile", tmp_path)
    monkeypatch.setattr(image, "HERE", tmp_path)
    assert image.get_name("bookworm") == before

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
    image.ensure(found)
    capsys.readouterr()

    assert image.ensure(found) == image.get_name("bookworm")
    assert "building" not in capsys.readouterr().out


@pytest.mark.hosts
@pytest.mark.parametrize("suite", image.SUITES)
def test_the_image_holds_no_identity(suite: image.Suite) -> None:
    found = engine.ensure()
    with found.client() as client:
        container = client.containers.create(image.ensure(found, suite), network="none")
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
