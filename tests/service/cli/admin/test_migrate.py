# SPDX-License-Identifier: Apache-2.0
"""`qm migrate`: the schema goes to this version, back and forth, and never over a newer one."""

import json
from pathlib import Path

import pytest

from tests.service.cli.admin.conftest import mark_schema, run


def test_migrate_goes_back_and_forth(url: str) -> None:
    run("init")
    assert run("migrate", "--to", "0001").exit_code == 0, url
    assert json.loads(run("migrate", "--json").stdout)["is_current"]
    assert run("serve", "--check").exit_code == 0


def test_migrate_names_the_schemas_there_are(url: str) -> None:
    run("init")
    result = run("migrate", "--to", "0000")
    assert result.exit_code == 5, url
    assert "0001, 0002" in result.stderr


@pytest.mark.parametrize("words", [("init",), ("migrate",), ("migrate", "--to", "0001")])
def test_the_schema_of_a_newer_version_is_not_touched(url: str, words: tuple[str, ...]) -> None:
    run("init")
    mark_schema(url, "9999")
    result = run(*words)
    assert result.exit_code == 5, result.output
    assert "Install the newer version again" in result.stderr


def test_migrate_makes_the_key_of_an_older_installation(url: str, tmp_path: Path) -> None:
    run("init")
    key = tmp_path / "new/secret.key"
    key.unlink()
    assert run("migrate").exit_code == 0, url
    assert key.is_file()
