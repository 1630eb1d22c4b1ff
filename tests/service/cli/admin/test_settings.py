# SPDX-License-Identifier: Apache-2.0
"""Each command beside the database names the setting at fault, and never a secret."""

from pathlib import Path

import pytest

from tests.service.cli.admin.conftest import run


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("QM_THREADS", "many", 2),
        ("QM_DATABASE_URL", "nonsense", 2),
        ("QM_DATABASE_URL", "postgresql://u:secret@127.0.0.1:abc/x", 2),
        ("QM_BIND", "nonsense", 2),
        ("QM_DATABASE_URL", "sqlite:////proc/none/fleet.sqlite", 1),
        ("QM_DATABASE_URL", "mysql://u:secret@127.0.0.1:1/x", 2),
    ],
)
@pytest.mark.parametrize("command", ["init", "migrate", "serve"])
def test_a_wrong_setting_is_named_and_its_secret_is_not(
    url: str, command: str, name: str, value: str, code: int
) -> None:
    result = run(command, **{"QM_DATABASE_URL": url, name: value})
    assert result.exit_code == code, result.output
    assert name in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("QM_LIMIT_TOTAL_PER_MINUTE", "QM_LIMIT_TOTAL_PER_MIN"),
        ("QM_ANONYMUS_READ", "QM_ANONYMOUS_READ"),
    ],
)
@pytest.mark.parametrize("where", ["environment", "file"])
def test_a_mistyped_setting_is_refused_with_the_name_that_was_meant(
    url: str, tmp_path: Path, where: str, name: str, near: str
) -> None:
    """Its default would hold, and nobody would know."""
    file = tmp_path / "settings.env"
    file.write_text(f"{name}=1\n" if where == "file" else "")
    given = {name: "1"} if where == "environment" else {}
    result = run("migrate", QM_DATABASE_URL=url, QM_SETTINGS_FILE=str(file), **given)
    assert result.exit_code == 2, result.output
    assert name in result.stderr
    assert f"did you mean {near}?" in result.stderr


def test_variables_of_clients_and_of_ansible_are_known(url: str) -> None:
    others = {
        "QM_URL": "x",
        "QM_TOKEN": "x",
        "QM_PROFILE": "x",
        "QM_CONFIG": "x",
        "QM_CACHE_DIR": "x",
        "QM_CACHE_MAX_AGE": "1",
        "QM_INVENTORY_BULK": "false",
        "QM_TERRAFORM": "x",
        "OTHER": "x",
    }
    assert run("init", QM_DATABASE_URL=url, **others).exit_code == 0
