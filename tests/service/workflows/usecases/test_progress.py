# SPDX-License-Identifier: Apache-2.0
"""What follows a step begins once, in the transaction in which its end is taken."""

import pytest
from sqlalchemy import func, select

from inventory_service.core.database.engine import Database
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.identity.usecases.accounts import disable_account
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.orders import get_run
from inventory_service.workflows.usecases.progress import advance_workflows
from tests.service.run_rows import ADMIN, OPERATOR, SOURCES
from tests.service.workflow_rows import Workflows, ask, step


def count_runs(store: Database) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(Run)) or 0


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (RunState.SUCCESSFUL, {"good": "running", "bad": "skipped", "end": "running"}),
        (RunState.FAILED, {"good": "skipped", "bad": "running", "end": "running"}),
        (RunState.UNREACHABLE, {"good": "skipped", "bad": "running", "end": "running"}),
        (RunState.TIMED_OUT, {"good": "skipped", "bad": "running", "end": "running"}),
        (RunState.LOST, {"good": "skipped", "bad": "running", "end": "running"}),
    ],
)
def test_what_follows_depends_on_how_a_run_ended(
    workflows: Workflows, state: RunState, wanted: dict[str, str]
) -> None:
    assert state in ENDED
    workflows.add(step("a"), step("good", "a"), step("bad", "a:failure"), step("end", "a:always"))
    run_id = workflows.order()
    workflows.end(run_id, "a", state)
    found = workflows.states(run_id)
    assert {name: found[name] for name in wanted} == wanted
    first = workflows.show(run_id)["steps"][0]
    assert f"is {state}" in first["state_reason"]


@pytest.mark.parametrize(("changed", "wanted"), [((), "skipped"), (("web-1",), "running")])
def test_a_step_can_follow_changes_only(
    workflows: Workflows, changed: tuple[str, ...], wanted: str
) -> None:
    workflows.add(step("a"), step("b", "a:changed"))
    run_id = workflows.order()
    workflows.end(run_id, "a", changed=changed)
    assert workflows.states(run_id)["b"] == wanted


@pytest.mark.parametrize(
    ("hosts", "wanted"),
    [("failed", ["web-2"]), ("changed", ["web-1"]), ("all", ["web-1", "web-2"])],
)
def test_hosts_of_an_earlier_step_are_the_limit_of_a_later_one(
    workflows: Workflows, store: Database, hosts: str, wanted: list[str]
) -> None:
    later = step("b", "a:failure", limit_from={"step": "a", "hosts": hosts})
    workflows.add(step("a", limit="web-*"), later)
    run_id = workflows.order()
    workflows.end(run_id, "a", RunState.FAILED, changed=("web-1",), failed=("web-2",))
    number = workflows.show(run_id)["steps"][1]["run_id"]
    with store.reading() as session:
        assert get_run(session, number).hosts == wanted


def test_a_step_that_can_not_be_ordered_fails_and_its_failure_is_followed(
    workflows: Workflows, store: Database
) -> None:
    workflows.add(step("a"), step("b", "a", limit="nope"), step("c", "b:failure"))
    run_id = workflows.order()
    workflows.end(run_id, "a")
    shown = workflows.show(run_id)["steps"]
    assert [one["state"] for one in shown] == ["successful", "failed", "running"]
    assert "can't be ordered" in shown[1]["state_reason"]
    assert "nope" in shown[1]["state_reason"]
    with store.writing() as session:
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
    workflows.end(run_id, "c")
    assert workflows.show(run_id)["state"] == "successful"


def test_a_disabled_account_orders_no_further_step(workflows: Workflows, store: Database) -> None:
    workflows.add(step("a"), step("b", "a"))
    run_id = workflows.order()
    with store.writing() as session:
        disable_account(session, ADMIN, OPERATOR.account, None)
    workflows.end(run_id, "a")
    shown = workflows.show(run_id)
    assert shown["state"] == "failed"
    assert "disabled" in shown["steps"][1]["state_reason"]
    assert "disabled" in shown["state_reason"]


def test_skips_go_on_to_what_follows(workflows: Workflows) -> None:
    workflows.add(step("a"), step("b", "a"), step("c", "b"), step("d", "c:always"))
    run_id = workflows.order()
    workflows.end(run_id, "a", RunState.FAILED)
    assert workflows.states(run_id) == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "skipped",
    }
    assert "step 'a': run" in workflows.show(run_id)["state_reason"]


def test_who_is_killed_before_the_commit_has_ordered_nothing(
    workflows: Workflows, store: Database
) -> None:
    workflows.add(step("a"), step("b", "a"), ask("ok", "b"))
    run_id = workflows.order()
    number = workflows.show(run_id)["steps"][0]["run_id"]
    with store.writing() as session:
        get_run(session, number).cancel(ADMIN, None)
    before = count_runs(store)

    def die() -> None:
        with store.writing() as session:
            advance_workflows(session, get_run(session, number).created_at, sources=SOURCES)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert count_runs(store) == before
    assert workflows.states(run_id) == {"a": "running", "b": "waiting", "ok": "waiting"}
    workflows.carry_on()
    workflows.carry_on()
    assert workflows.states(run_id) == {"a": "cancelled", "b": "skipped", "ok": "skipped"}
    assert count_runs(store) == before
