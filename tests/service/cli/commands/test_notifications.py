# SPDX-License-Identifier: Apache-2.0
"""`qm notification` against a real service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.encryption import make_key
from inventory_service.settings import Settings

Qm = Callable[..., Result]
Ask = Callable[..., Any]
URL = "http://127.0.0.1:9/services/sentinel-path\n"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    key = tmp_path / "secret.key"
    make_key(key)
    return Settings(
        database_url=database_url,
        log_level="error",
        secret_key_file=key,
        notify_allow="127.0.0.0/8",
        smtp_url="smtp://mail.example",
        smtp_from="qm@example.org",
    )


def test_a_notification_is_added_changed_tried_and_retired(ask: Ask, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sentinel-of-a-secret\n", "utf-8")
    words = ("--kind", "webhook", "--url-file", "-", "--secret-file", str(secret))
    made = ask("notification", "add", "ops", *words, "--template", "site", stdin=URL)
    assert (made["destination"], made["is_signed"]) == ("http://127.0.0.1", True)
    changed = ask("notification", "set", "ops", "--secret-file", "", "--state", "successful")
    assert (changed["is_signed"], changed["states"]) == (False, ["successful"])
    tried = ask("notification", "test", "ops", "--reason", "new")
    [listed] = ask("notification", "deliveries", "ops")
    assert listed["id"] == tried["id"]
    assert ask("notification", "set", "ops", "--paused")["is_paused"]
    assert ask("notification", "retire", "ops", "--reason", "done", "--yes")["retired_at"]
    assert [one["notification"] for one in ask("notification", "list")] == ["ops"]


def test_a_mail_has_recipients(ask: Ask) -> None:
    words = ("--kind", "mail", "--recipient", "ada@example.org")
    assert ask("notification", "add", "ada", *words)["recipients"] == ["ada@example.org"]


def test_a_refused_url_is_named_by_its_option_and_not_quoted(qm: Qm) -> None:
    words = ("--kind", "slack", "--url-file", "-")
    result = qm("notification", "add", "ops", *words, stdin="http://10.0.0.1/sentinel")
    assert result.exit_code == 1
    assert "--url-file" in result.stderr
    assert "sentinel" not in result.output


def test_a_file_that_is_not_there_is_named(qm: Qm) -> None:
    result = qm("notification", "add", "ops", "--kind", "slack", "--url-file", "/no/such")
    assert result.exit_code == 2
    assert "/no/such" in result.stderr


def test_what_is_on_its_way_is_not_sent_once_more(qm: Qm, ask: Ask) -> None:
    ask("notification", "add", "ops", "--kind", "webhook", "--url-file", "-", stdin=URL)
    made = ask("notification", "test", "ops")
    result = qm("notification", "redeliver", "ops", str(made["id"]))
    assert result.exit_code == 5
    assert "on its way" in result.stderr


def test_a_list_of_no_deliveries_says_how_to_make_one(qm: Qm, ask: Ask) -> None:
    ask("notification", "add", "ops", "--kind", "webhook", "--url-file", "-", stdin=URL)
    result = qm("notification", "deliveries", "ops")
    assert result.exit_code == 0
    assert "qm notification test ops" in result.output
