# SPDX-License-Identifier: Apache-2.0
"""`qm template export` and `import` against a real service: what is exported is what there is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope

Qm = Callable[..., Result]
Ask = Callable[..., Any]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHIPPED = 7
DEPLOY = "template: deploy\nplaybook: playbooks/site.yml\nforks: 7\n"


def live(ask: Ask) -> dict[str, Any]:
    return {one["template"]: one for one in ask("template", "list") if not one["retired_at"]}


@pytest.fixture
def folder(qm: Qm, tmp_path: Path) -> Path:
    """Return a folder with all templates that every service has from the start."""
    result = qm("template", "export", "-o", str(tmp_path / "git"))
    assert result.exit_code == 0, result.output
    return tmp_path / "git"


def test_all_that_there_is_comes_back_unchanged(qm: Qm, ask: Ask, folder: Path) -> None:
    before = live(ask)
    assert len(before) == SHIPPED
    assert {path.stem for path in folder.iterdir()} == before.keys()
    result = qm("template", "import", str(folder), "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"Plan: 0 to add, 0 to change, 0 to retire, {SHIPPED} unchanged.",
        "There is nothing to record.",
    ]
    text = qm("template", "export").stdout
    (folder.parent / "all.yml").write_text(text)
    again = ask("template", "import", str(folder.parent / "all.yml"), "--yes")
    assert (again["applied"], again["plan"]["unchanged"]) == (False, SHIPPED)
    assert live(ask) == before


def test_a_dry_run_shows_each_difference_and_ends_with_7(qm: Qm, ask: Ask, folder: Path) -> None:
    site = folder / "site.yml"
    site.write_text(site.read_text() + "forks: 3\n")
    (folder / "new.yml").write_text(DEPLOY)
    before = live(ask)
    result = qm("template", "import", str(folder), "--dry-run")
    assert result.exit_code == 7
    assert "forks: 20 → 3" in result.stdout
    assert "Plan: 1 to add, 1 to change, 0 to retire, 6 unchanged." in result.stdout
    assert result.stdout.endswith("Nothing is changed yet.\n")
    answer = qm("template", "import", str(folder), "--dry-run", "--json")
    assert answer.exit_code == 7
    assert [one["template"] for one in json.loads(answer.stdout)["plan"]["add"]] == ["deploy"]
    assert live(ask) == before


def test_the_plan_is_recorded_after_the_question(qm: Qm, ask: Ask, folder: Path) -> None:
    (folder / "new.yml").write_text(DEPLOY)
    asked = qm("template", "import", str(folder))
    assert asked.exit_code == 2
    assert "Record this plan? Nobody is there to answer" in asked.stderr
    assert "deploy" not in live(ask)
    done = qm("template", "import", str(folder), "--yes", "--reason", "from git")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "Recorded.")
    assert live(ask)["deploy"]["forks"] == 7
    (record,) = ask("audit", "--subject", "deploy", "--noun", "template")
    assert (record["reason"], record["door"]) == ("from git", "cli")


def test_missing_templates_are_retired_by_their_number_only(qm: Qm, ask: Ask, folder: Path) -> None:
    for name in ("ping", "verify", "retire"):
        (folder / f"{name}.yml").unlink()
    assert "3 to retire" not in qm("template", "import", str(folder), "--dry-run").stdout
    words = ("template", "import", str(folder), "--retire-missing")
    asked = qm(*words)
    assert asked.exit_code == 2
    assert "Record this plan, and retire 3 of 7 templates?" in asked.stderr
    refused = qm(*words, "--yes")
    assert refused.exit_code == 5
    assert "--max-retire 3" in refused.stderr
    assert len(live(ask)) == SHIPPED
    assert qm(*words, "--yes", "--max-retire", "3").exit_code == 0
    assert live(ask).keys().isdisjoint({"ping", "verify", "retire"})


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (f"{DEPLOY}colour: red\n", 1, "a.yml, line 4: template deploy: colour: "),
        (f"---\n{DEPLOY}filters: {{x: [a]}}\n", 1, "a.yml, line 5: template deploy: filters.x: "),
        ("template: a\n", 1, "a.yml, line 1: template a: playbook: "),
        ("template: a\nplaybook: no.yml\n", 1, "a.yml, line 2: template a: playbook: is not on"),
        (
            "template: site\nplaybook: playbooks/site.yml\n",
            5,
            "a.yml, line 2: template site: playbook: is ",
        ),
        (f"{DEPLOY}---\n{DEPLOY}", 1, "a.yml, line 5: template deploy is in "),
        ("kind: schedule\n", 1, "a.yml, line 1: kind: is 'schedule'"),
        ("a: [\n", 1, "a.yml, line 2: file: is not YAML"),
        ("", 1, "no templates there"),
    ],
)
def test_an_error_is_named_by_file_line_template_and_key(
    qm: Qm, ask: Ask, tmp_path: Path, text: str, code: int, told: str
) -> None:
    file = tmp_path / "a.yml"
    file.write_text(text)
    result = qm("template", "import", str(file), "--yes")
    assert result.exit_code == code, result.output
    assert told in result.stderr
    assert "nothing was changed" in result.stderr
    assert len(live(ask)) == SHIPPED


def test_errors_for_programs_have_file_and_line(qm: Qm, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(f"{DEPLOY}colour: red\n")
    result = qm("template", "import", str(tmp_path), "--yes", "--json")
    (error,) = json.loads(result.stderr)["problem"]["errors"]
    assert (error["file"], error["line"]) == (str(tmp_path / "a.yml"), 4)
    assert (error["template"], error["field"]) == ("deploy", "colour")


def test_a_file_that_is_not_there_is_named(qm: Qm, tmp_path: Path) -> None:
    result = qm("template", "import", str(tmp_path / "absent.yml"))
    assert result.exit_code == 1
    assert "absent.yml: can't be read: No such file" in result.stderr


def test_chosen_templates_go_to_standard_output_and_come_from_standard_input(
    qm: Qm, ask: Ask
) -> None:
    text = qm("template", "export", "site", "ping").stdout
    assert text.count("kind: template") == 2
    done = qm("template", "import", "-", "--yes", stdin=text.replace("kind: template", "forks: 4"))
    assert done.exit_code == 0, done.output
    assert {name for name, one in live(ask).items() if one["forks"] == 4} == {"site", "ping"}
    assert [one["template"] for one in ask("template", "export", "ping")] == ["ping"]


def test_a_secret_is_neither_written_nor_left_out_in_silence(qm: Qm, ask: Ask) -> None:
    words = ("--playbook", "playbooks/site.yml", "--var", "db_password=hunter2")
    ask("template", "add", "deploy", *words)
    refused = qm("template", "export")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "deploy: db_password" in refused.stderr
    assert "hunter2" not in refused.stderr
    assert "hunter2" in qm("template", "export", "deploy", "--with-secrets").stdout


def test_a_retired_template_is_no_file(qm: Qm, ask: Ask) -> None:
    ask("template", "retire", "ping", "--reason", "over", "--yes")
    assert "template: ping" not in qm("template", "export").stdout
    refused = qm("template", "export", "ping")
    assert (refused.exit_code, "is retired" in refused.stderr) == (5, True)


def test_only_admins_import(qm: Qm, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(DEPLOY)
    assert qm("template", "import", str(tmp_path), "--yes", scope=Scope.OPERATOR).exit_code == 6
