# SPDX-License-Identifier: Apache-2.0
"""Secrets are sealed by a key that its owner alone reads."""

from pathlib import Path

import pytest

from inventory_service.core.encryption import Vault, make_key
from inventory_service.core.errors import Conflict


def test_what_is_sealed_can_be_opened_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    assert make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = Vault(path).seal({"url": "sentinel"})
    assert "sentinel" not in sealed
    assert Vault(path).open(sealed) == {"url": "sentinel"}


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    make_key(path)
    before = path.read_bytes()
    assert not make_key(path)
    assert path.read_bytes() == before


def test_a_former_key_still_opens(tmp_path: Path) -> None:
    former, path = tmp_path / "former", tmp_path / "secret.key"
    make_key(former)
    sealed = Vault(former).seal({"secret": "x"})
    make_key(path)
    path.write_bytes(path.read_bytes() + former.read_bytes())
    assert Vault(path).open(sealed) == {"secret": "x"}


def test_another_key_does_not_open(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    make_key(one)
    make_key(other)
    with pytest.raises(Conflict, match="another key"):
        Vault(other).open(Vault(one).seal({"url": "x"}))


@pytest.mark.parametrize("text", [None, "", "no key\n"])
def test_without_a_key_nothing_is_sealed(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "secret.key"
    if text is not None:
        path.write_text(text, "utf-8")
        path.chmod(0o600)
    with pytest.raises(Conflict, match="QM_SECRET_KEY_FILE"):
        Vault(path).seal({"url": "x"})


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    make_key(path)
    path.chmod(0o640)
    with pytest.raises(Conflict, match="Others can read"):
        Vault(path).seal({"url": "x"})


def test_a_key_that_cant_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(Conflict, match="can't be written"):
        make_key(tmp_path / "file" / "secret.key")
