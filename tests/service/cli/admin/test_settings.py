# SPDX-License-Identifier: Apache-2.0
"""Each command beside the database names the setting at fault, and never a secret."""

import pytest

from tests.service.cli.admin.conftest import run


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("QM_THREADS", "many", 2),
        ("QM_DATABASE_URL", "nonsense", 1),
        ("QM_DATABASE_URL", "sqlite:////proc/none/fleet.sqlite", 1),
        ("QM_DATABASE_URL", "mysql+nodriver://u:secret@127.0.0.1:1/x", 1),
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
