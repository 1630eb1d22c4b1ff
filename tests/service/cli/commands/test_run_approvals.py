# SPDX-License-Identifier: Apache-2.0
"""`qm run apply`, `approve` and `reject` against a real service, whose plans are rows only."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import insert

from inventory_service.cli.terminal.run_progress import _describe_plan
from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.runs.models.reports import TaskResult
from inventory_service.settings import Settings
from tests.service.approvals.plan_rows import DIGEST, PLAYBOOK, add_template, make_plan

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Of a service with the playbook of the plans."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / PLAYBOOK).write_text("- hosts: all\n", "utf-8")
    return Settings(database_url=database_url, log_level="error", playbooks_dir=tmp_path)


@pytest.fixture
def plan(ask: Ask, mesh: str, database: Database) -> str:
    """Return the number of a plan whose runs need two approvals."""
    for number in (1, 2):
        name, address = f"web-{number}", f"192.0.2.{number}"
        ask("node", "add", name, "--type", "web", "--cluster", mesh, "--external-ip", address)
        for state in ("provisioning", "active"):
            ask("node", "set", name, "--state", state)
    with database.writing() as session:
        add_template(session, approvals_needed=2)
        plan_id = make_plan(session).id
        counts = {"ok": 2, "failed": 0, "unreachable": 0, "skipped": 0}
        tasks = [("Page is in place", 2), ("Nothing to do", 0)]
        session.execute(
            insert(TaskResult),
            [
                {"run_id": plan_id, "number": number, "play": "p", "task": task}
                | {"started_at": datetime(2026, 5, 1, tzinfo=UTC), "changed": changed}
                | counts
                for number, (task, changed) in enumerate(tasks, 1)
            ],
        )
    return str(plan_id)


@pytest.fixture
def run(ask: Ask, plan: str) -> str:
    """Return the number of the run by which an operator applies the plan."""
    return str(ask("run", "apply", plan, scope=Scope.OPERATOR)["id"])


def test_an_order_for_a_plan_is_one(ask: Ask, plan: str) -> None:
    ordered = ask("run", "shop", "--plan", "--no-follow")
    assert (ordered["is_plan"], ordered["options"]["check"]) == (True, True)
    assert ask("run", "show", plan)["changes"] == 2


def test_a_template_that_needs_approvals_names_the_way(qm: Qm, plan: str) -> None:
    refused = qm("run", "shop", "--no-follow")
    assert refused.exit_code == 5
    assert "qm run shop --plan" in refused.stderr
    assert plan


def test_apply_names_what_comes_next(qm: Qm, ask: Ask, plan: str) -> None:
    result = qm("run", "apply", plan, "--reason", "release")
    assert result.exit_code == 0, result.output
    run_id = int(plan) + 1
    first = f"Run {run_id} waits for 2 others: qm run approve {run_id}"
    assert result.stdout.splitlines()[0] == first
    assert ask("run", "show", str(run_id))["reason"] == "release"


def test_approve_shows_what_is_approved_and_asks(qm: Qm, run: str) -> None:
    result = qm("run", "approve", run)
    assert result.exit_code == 2
    assert "Nobody is there to answer" in result.stderr
    for words in (
        "template: shop",
        "requested by: operator",
        "hosts: web-1, web-2",
        f"digest: {DIGEST}",
        "Page is in place: 2 changed",
        f"The diff: qm run log {int(run) - 1}",
    ):
        assert words in result.stderr
    assert "Nothing to do" not in result.stderr


def test_approvals_are_counted_and_listed(qm: Qm, ask: Ask, run: str) -> None:
    assert f"Nobody has decided about run {run}." in qm("run", "approvals", run).stderr
    result = qm("run", "approve", run, "--yes", "--comment", "fine")
    first = f"Run {run} is awaiting_approval with 1 of 2 approvals."
    assert result.stdout.splitlines()[0] == first
    [found] = ask("run", "approvals", run)
    assert (found["approver"], found["door"], found["comment"]) == ("admin", "cli", "fine")
    assert "fine" in qm("run", "approvals", run).stdout


def test_a_digest_that_was_read_elsewhere_holds(qm: Qm, run: str) -> None:
    refused = qm("run", "approve", run, "--yes", "--digest", "e" * 64)
    assert refused.exit_code == 5
    assert DIGEST in refused.stderr
    assert qm("run", "approve", run, "--yes", "--digest", DIGEST).exit_code == 0


def test_the_requester_is_sent_to_others(qm: Qm, run: str) -> None:
    refused = qm("run", "approve", run, "--yes", scope=Scope.OPERATOR)
    assert refused.exit_code == 6
    assert "somebody else must" in refused.stderr


def test_a_rejection_needs_a_comment_and_ends_the_run(qm: Qm, ask: Ask, run: str) -> None:
    assert qm("run", "reject", run).exit_code == 2
    assert ask("run", "reject", run, "--comment", "too late")["state"] == "rejected"
    assert ask("run", "show", run)["state_reason"] == "rejected by admin: too late"


def test_what_waits_for_nothing_is_refused_by_its_state(qm: Qm, plan: str) -> None:
    refused = qm("run", "approve", plan, "--yes")
    assert refused.exit_code == 5
    assert "is successful, and waits for no approval" in refused.stderr


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ({}, ""),
        ({"is_plan": False, "digest": "d", "changes": 1}, ""),
        ({"is_plan": True, "digest": None}, ""),
        ({"is_plan": True, "digest": "d", "changes": 0}, " It would change nothing."),
        (
            {"is_plan": True, "digest": "d", "changes": 3, "id": 7},
            " It would make 3 changes: qm run apply 7",
        ),
        (
            {"is_plan": True, "digest": "d", "changes": 1, "id": 7},
            " It would make 1 change: qm run apply 7",
        ),
    ],
)
def test_the_end_of_a_plan_names_the_next_step(run: dict[str, Any], text: str) -> None:
    assert _describe_plan(run) == text
