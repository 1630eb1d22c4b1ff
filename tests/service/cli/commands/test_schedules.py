# SPDX-License-Identifier: Apache-2.0
"""`qm schedule` against a real service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope
from inventory_service.settings import Settings

Qm = Callable[..., Result]
Ask = Callable[..., Any]
ADD = ("schedule", "add", "nightly", "--template", "deploy")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    playbooks = tmp_path / "checkout/playbooks"
    playbooks.mkdir(parents=True)
    (playbooks / "site.yml").write_text("[]\n", "utf-8")
    return Settings(database_url=database_url, log_level="error", playbooks_dir=playbooks.parent)


@pytest.fixture(autouse=True)
def _template(ask: Ask, mesh: str, tmp_path: Path) -> None:
    words = ("node", "add", "web-1", "--type", "web", "--cluster", mesh)
    ask(*words, "--internal-ip", "10.0.0.1")
    survey = tmp_path / "survey.json"
    survey.write_text('{"type": "object", "properties": {"count": {"type": "integer"}}}', "utf-8")
    ask(
        *("template", "add", "deploy", "--playbook", "playbooks/site.yml"),
        *("--filters", 'state=["planned"]', "--survey", str(survey)),
    )


def test_each_field_has_its_option(ask: Ask) -> None:
    made = ask(
        *ADD,
        *("--description", "At night", "--cron", "30 2 * * mon-fri", "--time-zone", "Asia/Tokyo"),
        *("--jitter", "60", "--catch-up", "last", "--limit", "web-*", "--tag", "a", "--tag", "b"),
        *("--skip-tag", "c", "--check", "--diff", "--set", "count=3", "--reason", "as agreed"),
    )
    names = (
        *("description", "cron", "time_zone", "jitter_s", "catch_up", "limit", "tags"),
        *("skip_tags", "check", "diff", "answers"),
    )
    assert [made[name] for name in names] == [
        *("At night", "30 2 * * mon-fri", "Asia/Tokyo", 60, "last", "web-*", ["a", "b"]),
        *(["c"], True, True, {"count": 3}),
    ]
    assert made["next_at"]


def test_a_schedule_is_changed_paused_resumed_and_retired(qm: Qm, ask: Ask) -> None:
    ask(*ADD, "--cron", "0 2 * * *")
    assert ask("schedule", "set", "nightly", "--cron", "0 3 * * *", "--no-check")["check"] is False
    result = qm("schedule", "pause", "nightly", "--reason", "holidays")
    assert "Schedule nightly is paused." in result.output
    assert ask("schedule", "show", "nightly")["next_at"] is None
    result = qm("schedule", "resume", "nightly")
    assert "Schedule nightly fires next at 20" in result.output
    assert ask("audit", "--noun", "schedule")[1]["reason"] == "holidays"
    assert [one["schedule"] for one in ask("schedule", "list")] == ["nightly"]
    head, line = qm("schedule", "list").stdout.splitlines()
    assert head.split()[:6] == ["SCHEDULE", "TEMPLATE", "CRON", "ZONE", "NEXT", "PAUSED"]
    assert line.split()[2:8] == ["0", "3", "*", "*", "*", "UTC"]
    assert ask("schedule", "retire", "nightly", "--reason", "done", "--yes")["retired_at"]


def test_once_is_a_span_or_a_moment(ask: Ask) -> None:
    made = ask(*ADD, "--at", "2h")
    assert (made["cron"], made["at"]) == (None, made["next_at"])
    changed = ask("schedule", "set", "nightly", "--cron", "0 3 * * *")
    assert (changed["cron"], changed["at"]) == ("0 3 * * *", None)


def test_a_refusal_names_the_option(qm: Qm) -> None:
    result = qm(*ADD, "--cron", "0 0 30 2 *")
    assert result.exit_code == 1
    assert "--cron: never fires: there is no such day" in result.stderr
    result = qm(*ADD, "--cron", "0 2 * * *", "--set", "size=3")
    assert "--set size: is no question" in result.stderr
    assert qm(*ADD, "--cron", "0 2 * * *", scope=Scope.VIEWER).exit_code == 6
    assert qm("schedule", "pause", "none").exit_code == 4
