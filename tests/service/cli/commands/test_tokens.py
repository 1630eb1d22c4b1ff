# SPDX-License-Identifier: Apache-2.0
"""`qm token` against a real service: shown once, useful at once, ended at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inventory_service.cli import main

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_the_token_stands_alone_on_standard_output(qm: Qm, service: Any) -> None:
    made = qm("token", "create", "robot", "--scope", "operator")
    token = made.stdout.strip()
    result = CliRunner(env={"QM_URL": service.url, "QM_TOKEN": token}).invoke(main, ["status"])
    assert result.exit_code == 0, result.output
    assert token not in made.stderr


def test_a_list_never_shows_a_secret(qm: Qm) -> None:
    token = qm("token", "create", "robot").stdout.strip()
    for form in ((), ("--json",)):
        listed = qm("token", "list", *form).stdout
        assert "robot" in listed
        assert token.split("_", 2)[2] not in listed


def test_a_revoked_token_is_refused_from_then_on(qm: Qm, ask: Ask, service: Any) -> None:
    made = ask("token", "create", "robot", "--scope", "viewer")
    ask("token", "revoke", made["token_id"], "--yes")
    environment = {"QM_URL": service.url, "QM_TOKEN": made["token"]}
    assert CliRunner(env=environment).invoke(main, ["status"]).exit_code == 6
    assert qm("token", "revoke", "nobody", "--yes").exit_code == 4


@pytest.mark.parametrize(
    ("said", "away"), [("90d", timedelta(days=90)), ("12h", timedelta(hours=12))]
)
def test_an_end_may_be_a_span(ask: Ask, said: str, away: timedelta) -> None:
    made = ask("token", "create", "robot", "--expires", said)
    end = datetime.fromisoformat(made["expires_at"])
    assert abs(end - datetime.now(UTC) - away) < timedelta(minutes=1)


def test_an_end_may_be_a_moment_in_any_zone(ask: Ask) -> None:
    made = ask("token", "create", "robot", "--expires", "2099-01-31T12:00:00+02:00")
    assert datetime.fromisoformat(made["expires_at"]) == datetime(2099, 1, 31, 10, tzinfo=UTC)


def test_an_end_that_is_past_is_wrong_usage(qm: Qm) -> None:
    assert qm("token", "create", "robot", "--expires", "2020-01-01T00:00:00Z").exit_code == 2
