# SPDX-License-Identifier: Apache-2.0
"""`qm template` against a real service."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope

Qm = Callable[..., Result]
Ask = Callable[..., Any]
SURVEY = {"type": "object", "properties": {"version": {"type": "string"}}}
ADD = ("template", "add", "shop", "--playbook", "playbooks/site.yml")


def test_the_playbooks_are_printed_one_a_line(qm: Qm, ask: Ask) -> None:
    assert qm("template", "playbooks").stdout == "playbooks/site.yml\n"
    assert ask("template", "playbooks") == ["playbooks/site.yml"]


def test_without_a_playbook_the_setting_is_named(qm: Qm, tmp_path: Path) -> None:
    (tmp_path / "checkout/playbooks/site.yml").unlink()
    result = qm("template", "playbooks")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "QM_PLAYBOOKS_DIR" in result.stderr


def test_each_field_has_its_option(ask: Ask, tmp_path: Path) -> None:
    survey = tmp_path / "survey.json"
    survey.write_text(json.dumps(SURVEY), "utf-8")
    made = ask(
        *ADD,
        *("--description", "Release the shop", "--filters", 'state=["active", "planned"]'),
        *("--filters", 'project=["shop"]', "--limit-variable", "quartermaster_hosts"),
        *("--requires-limit", "--var", "count=3", "--var", "name={{ x }}"),
        *("--survey", str(survey), "--tag", "a", "--tag", "b", "--skip-tag", "c"),
        *("--forks", "7", "--verbosity", "1", "--idle-timeout", "60", "--timeout", "600"),
        *("--concurrency", "1", "--host-lock", "shared", "--launch-role", "admin"),
        "--idempotent",
    )
    assert made["filters"]["state"] == ["active", "planned"]
    assert made["filters"]["project"] == ["shop"]
    assert made["variables"] == {"count": 3, "name": "{{ x }}"}
    assert made["survey"] == SURVEY
    names = (
        *("description", "limit_variable", "requires_limit", "tags", "skip_tags", "forks"),
        *("verbosity", "idle_timeout_s", "timeout_s", "concurrency", "host_lock"),
        *("launch_role", "is_idempotent"),
    )
    assert [made[name] for name in names] == [
        *("Release the shop", "quartermaster_hosts", True, ["a", "b"], ["c"], 7),
        *(1, 60, 600, 1, "shared", "admin", True),
    ]


def test_an_empty_text_clears_a_field_and_the_rest_stays(ask: Ask) -> None:
    ask(*ADD, "--survey", "-", "--tag", "a", "--forks", "7", stdin=json.dumps(SURVEY))
    changed = ask("template", "set", "shop", "--survey", "", "--host-lock", "", "--tag", "")
    assert (changed["survey"], changed["host_lock"], changed["tags"]) == (None, None, [])
    assert changed["forks"] == 7


def test_a_template_needs_a_playbook_that_is_there(qm: Qm) -> None:
    assert qm("template", "add", "shop").exit_code == 2
    result = qm("template", "add", "shop", "--playbook", "playbooks/absent.yml")
    assert result.exit_code == 1
    assert "qm template playbooks" in result.stderr


@pytest.mark.parametrize("content", ["{", "", "NaN", None, "\udcff"])
def test_a_survey_that_is_no_json_is_wrong_usage(
    qm: Qm, tmp_path: Path, content: str | None
) -> None:
    survey = tmp_path / "survey.json"
    if content is not None:
        survey.write_bytes(content.encode(errors="surrogateescape"))
    result = qm(*ADD, "--survey", str(survey))
    assert (result.exit_code, "--survey" in result.stderr) == (2, True)


def test_a_fault_of_a_survey_is_named_by_its_option(qm: Qm, tmp_path: Path) -> None:
    survey = tmp_path / "survey.json"
    survey.write_text('{"type": "object", "properties": {"a": {"type": "null"}}}', "utf-8")
    result = qm(*ADD, "--survey", str(survey))
    assert result.exit_code == 1
    assert "--survey properties.a" in result.stderr


def test_only_an_admin_writes_templates(qm: Qm) -> None:
    assert qm(*ADD, scope=Scope.OPERATOR).exit_code == 6
    assert qm("template", "list", scope=Scope.VIEWER).exit_code == 0
