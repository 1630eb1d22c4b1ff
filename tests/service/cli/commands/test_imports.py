# SPDX-License-Identifier: Apache-2.0
"""`qm import csv` against a real service: plan first, and apply exactly that plan."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]

PLAYBOOKS = Path(__file__).parents[4] / "playbooks"
HEADER = "Project,Servers,MasterSpec,WebSpec\n"
SHOP = HEADER + "shop,3,s-2vcpu-4gb,s-1vcpu-1gb\n"


def names(ask: Ask) -> list[str]:
    return [node["node_id"] for node in ask("node", "list")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "projects.csv"
    path.write_text(SHOP, encoding="utf-8")
    return path


def test_without_apply_only_the_plan_is_printed(qm: Qm, ask: Ask, mesh: str, file: Path) -> None:
    result = qm("import", "csv", str(file), "--cluster", mesh)
    assert result.exit_code == 0
    assert result.stdout.count(" add ") == 3
    assert "Plan: 3 to add, 0 to resize, 0 to retire, 0 unchanged." in result.stdout
    assert "--apply" in result.stdout
    assert names(ask) == []


def test_apply_records_what_was_printed(qm: Qm, ask: Ask, mesh: str, file: Path) -> None:
    result = qm("import", "csv", str(file), "--cluster", mesh, "--apply")
    assert result.exit_code == 0
    assert "Recorded" in result.stdout
    assert names(ask) == ["shop-prod-master", "shop-prod-web-1", "shop-prod-web-2"]


def test_the_same_file_again_changes_nothing(ask: Ask, mesh: str) -> None:
    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    again = ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    assert again["plan"]["add"] == again["plan"]["resize"] == again["plan"]["retire"] == []
    assert again["plan"]["unchanged"] == 3


def test_an_edited_file_scales_and_resizes(qm: Qm, ask: Ask, mesh: str) -> None:
    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    edited = HEADER + "shop,2,s-4vcpu-8gb,s-1vcpu-1gb\n"
    result = qm("import", "csv", "-", "--cluster", mesh, "--apply", "--yes", stdin=edited)
    assert "s-2vcpu-4gb → s-4vcpu-8gb" in result.stdout
    assert "Plan: 0 to add, 1 to resize, 1 to retire, 1 unchanged." in result.stdout
    assert names(ask) == ["shop-prod-master", "shop-prod-web-1"]


def test_a_region_that_an_import_does_not_change_is_named_with_the_way_on(
    qm: Qm, ask: Ask, mesh: str
) -> None:
    regions = "Project,Servers,MasterSpec,WebSpec,Region\nshop,1,cx22,cx22,{}\n"
    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=regions.format("lon1"))
    result = qm("import", "csv", "-", "--cluster", mesh, stdin=regions.format("fra1"))
    assert result.exit_code == 0
    assert "lon1, in the file fra1" in result.stdout
    assert "There is nothing to record." in result.stdout
    step = re.search(r"qm (node set shop-prod-master --region fra1)", result.stdout)
    assert step
    assert qm(*step[1].split()).exit_code == 0
    again = qm("import", "csv", "-", "--cluster", mesh, stdin=regions.format("fra1"))
    assert "in the file" not in again.stdout


@pytest.mark.parametrize(
    ("states", "edited", "playbooks"),
    [
        ([], "shop,4,s-2vcpu-4gb,s-1vcpu-1gb\n", {"provision"}),
        ([], "shop,3,s-4vcpu-8gb,s-1vcpu-1gb\n", {"provision"}),
        (["provisioning"], "shop,2,s-2vcpu-4gb,s-1vcpu-1gb\n", {"retire"}),
        (["provisioning", "failed"], "shop,2,s-2vcpu-4gb,s-1vcpu-1gb\n", {"retire"}),
        # It never had a server.
        ([], "shop,2,s-2vcpu-4gb,s-1vcpu-1gb\n", set()),
        (["provisioning"], "shop,2,s-4vcpu-8gb,s-1vcpu-1gb\n", {"provision", "retire"}),
        ([], "shop,3,s-2vcpu-4gb,s-1vcpu-1gb\n", set()),
    ],
)
def test_who_applies_is_told_which_playbook_comes_next(
    qm: Qm, ask: Ask, mesh: str, states: list[str], edited: str, playbooks: set[str]
) -> None:
    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    for state in states:
        ask("node", "set", "shop-prod-web-2", "--state", state)
    apply = ("--cluster", mesh, "--apply", "--yes")
    result = qm("import", "csv", "-", *apply, stdin=HEADER + edited)
    assert set(re.findall(r"quartermaster\.fleet\.(\w+)", result.stdout)) == playbooks
    assert all((PLAYBOOKS / f"{name}.yml").exists() for name in playbooks)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ", line 1, column 1: "),
        (b"Project,Servers\nshop,1\n", ", line 1, column "),
        (HEADER.encode() + b"shop,-1,s-1vcpu-1gb,s-1vcpu-1gb\n", ", line 2, column 2: Servers: "),
        (HEADER.encode() + b"shop,1,huge,s-1vcpu-1gb\n", ", line 2, column 3: MasterSpec: "),
        (SHOP.encode() + b"shop,1,s-1vcpu-1gb,s-1vcpu-1gb\n", ", line 3, column 1: Project: "),
        (SHOP.encode() + b"k\xe4se,1,s-1vcpu-1gb,s-1vcpu-1gb\n", ", line 3, column 1: byte 0xe4"),
        (SHOP.encode("utf-16"), ", line 1, column 1: byte 0xff"),
    ],
)
def test_a_fault_is_told_with_line_and_column_and_nothing_is_changed(
    qm: Qm, ask: Ask, mesh: str, file: Path, content: bytes, told: str
) -> None:
    file.write_bytes(content)
    result = qm("import", "csv", str(file), "--cluster", mesh, "--apply")
    assert result.exit_code == 1
    assert f"{file}{told}" in result.stderr
    assert names(ask) == []


def test_a_project_that_is_retired_is_told_with_line_and_column(
    qm: Qm, ask: Ask, mesh: str, file: Path
) -> None:
    ask("project", "add", "shop")
    ask("project", "retire", "shop", "--reason", "over", "--yes")
    result = qm("import", "csv", str(file), "--cluster", mesh)
    assert result.exit_code == 1
    told = [line for line in result.stderr.splitlines() if "retired" in line]
    assert told == [f"Error: {file}, line 2, column 1: Project: project 'shop' is retired"]


def test_a_plan_that_is_out_of_date_is_not_applied(
    ask: Ask, qm: Qm, mesh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's change between the plan and its application is a conflict."""
    import inventory_service.cli.commands.imports as door  # noqa: PLC0415 (to stand between the two requests)

    printed = door.print_projects_plan

    def meddle(plan: dict[str, Any]) -> None:
        printed(plan)
        ask("node", "retire", "shop-prod-web-1", "--reason", "meddling", "--yes")

    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    monkeypatch.setattr(door, "print_projects_plan", meddle)
    fewer = HEADER + "shop,1,s-2vcpu-4gb,s-1vcpu-1gb\n"
    apply = ("--cluster", mesh, "--apply", "--yes", "--max-retire", "2")
    result = qm("import", "csv", "-", *apply, stdin=fewer)
    assert result.exit_code == 5
    assert names(ask) == ["shop-prod-master", "shop-prod-web-2"]


def test_a_missing_file_is_wrong_usage(qm: Qm, tmp_path: Path) -> None:
    assert qm("import", "csv", str(tmp_path / "absent.csv")).exit_code == 2


def test_what_would_be_retired_is_shown_and_needs_yes_where_nobody_answers(
    qm: Qm, ask: Ask, mesh: str
) -> None:
    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    fewer = HEADER + "shop,2,s-2vcpu-4gb,s-1vcpu-1gb\n"
    refused = qm("import", "csv", "-", "--cluster", mesh, "--apply", stdin=fewer)
    assert refused.exit_code == 2
    row = next(line for line in refused.stdout.splitlines() if " retire " in line)
    assert row.split() == ["shop-prod-web-2", "retire", "web", "shop", "prod", "-", "-", "planned"]
    assert "Retires 1 of 3 live nodes of the environment prod." in refused.stdout
    assert "Retire 1 node?" in refused.stderr
    assert "--yes" in refused.stderr
    assert len(names(ask)) == 3


def test_more_than_a_third_needs_its_number(qm: Qm, ask: Ask, mesh: str) -> None:
    ask("import", "csv", "-", "--cluster", mesh, "--apply", stdin=SHOP)
    none = HEADER + "shop,0,s-2vcpu-4gb,s-1vcpu-1gb\n"
    apply = ("import", "csv", "-", "--cluster", mesh, "--apply", "--yes")
    refused = qm(*apply, stdin=none)
    assert refused.exit_code == 5
    assert "3 of 3 live nodes of environment 'prod'" in refused.stderr
    assert len(names(ask)) == 3
    assert qm(*apply, "--max-retire", "3", stdin=none).exit_code == 0
    assert names(ask) == []


def test_new_projects_and_environments_are_named_in_the_plan(qm: Qm, ask: Ask, mesh: str) -> None:
    ask("project", "add", "shop")
    content = "Project,Servers,MasterSpec,WebSpec,Environment\nshop,1,cx32,cx22,production\n"
    result = qm("import", "csv", "-", "--cluster", mesh, stdin=content)
    assert "New environments: production." in result.stdout
    assert "New projects" not in result.stdout
