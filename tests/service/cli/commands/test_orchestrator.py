# SPDX-License-Identifier: Apache-2.0
"""`qm orchestrator` takes the options that its users know, one at a time, and asks first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TABLE = "Project,Servers,MasterSpec,WebSpec\nshop,3,s-2vcpu-4gb,s-1vcpu-1gb\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "projects.csv").write_text(TABLE, "utf-8")
    return folder


def test_init_makes_the_file_and_names_what_is_missing(qm: Qm, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    result = qm("orchestrator", "--init", "--config-dir", str(folder), "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["success"]) == (1, False)
    assert found["created"] == [str(folder / "projects.csv")]
    assert "qm cluster add" in found["issues"][0]


def test_status_is_json_for_programs_and_lines_for_people(qm: Qm, ask: Ask) -> None:
    assert ask("orchestrator", "--status")["droplets"] == {}
    result = qm("orchestrator", "--status")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "service",
        "droplets",
        "projects",
        "runs",
        "issues",
    ]


@pytest.mark.usefixtures("mesh")
def test_orchestrate_prints_the_plan_and_scale_asks_before_it_retires(
    qm: Qm, ask: Ask, config: Path
) -> None:
    here = ("--config-dir", str(config))
    # The playbook of the run is not there: what was recorded stays.
    result = qm("orchestrator", "--orchestrate", *here)
    assert "Plan: 3 to add, 0 to resize, 0 to retire, 0 unchanged." in result.stdout
    assert result.exit_code == 1
    assert "playbook" in result.stderr
    assert len(ask("node", "list")) == 3
    asked = qm("orchestrator", "--scale", "shop", "1", *here)
    assert asked.exit_code == 2
    assert "Retire 2 nodes? Nobody is there to answer" in asked.stderr
    assert (config / "projects.csv").read_text("utf-8") == TABLE
    qm("orchestrator", "--scale", "shop", "1", *here, "--yes")
    assert (config / "projects.csv").read_text("utf-8") == TABLE.replace("shop,3", "shop,1")
    assert len(ask("node", "list")) == 1
    unknown = qm("orchestrator", "--scale", "blog", "1", *here)
    assert unknown.exit_code == 4
    assert "'blog' has no line" in unknown.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Give one of --init, --orchestrate, --status and --scale"),
        (("--init", "--status"), "Give one of"),
        (("--orchestrate", "--config-dir", "/nowhere"), "/nowhere/projects.csv: no such file"),
        (("--scale", "shop"), "requires 2 arguments"),
        (("--scale", "shop", "-1"), "-1"),
        (("--deploy-uat", "shop"), "No such option '--deploy-uat'"),
        (("--recover", "web1"), "No such option '--recover'"),
    ],
)
def test_what_can_be_no_act_is_refused(qm: Qm, words: tuple[str, ...], told: str) -> None:
    result = qm("orchestrator", *words)
    assert result.exit_code == 2
    assert told in result.stderr
