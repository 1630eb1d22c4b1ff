# SPDX-License-Identifier: Apache-2.0
"""Workflows in a database, and runs of their steps that end as a test wants."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.usecases.claims import end_run
from inventory_service.workflows.domain.workflows import (
    StepDecision,
    WorkflowOrder,
    WorkflowRegistration,
    WorkflowRelaunch,
)
from inventory_service.workflows.queries import has_progress
from inventory_service.workflows.usecases.orders import (
    cancel_workflow,
    decide_step,
    describe_workflow_run,
    get_workflow_run,
    order_workflow,
    relaunch_workflow,
)
from inventory_service.workflows.usecases.progress import advance_workflows
from inventory_service.workflows.usecases.workflows import register_workflow
from tests.service.conftest import provide_accounts
from tests.service.run_rows import (
    ADMIN,
    HOSTS,
    OPERATOR,
    SOURCES,
    add_template,
    seal,
    start,
    unseal,
)

KEPT = replace(SOURCES, seal=seal, unseal=unseal)
OTHER = Actor("olga", Channel.CLI, Scope.ADMIN)
SURVEY = {
    "type": "object",
    "properties": {"version": {"type": "string"}, "pin": {"type": "string", "writeOnly": True}},
}
NOTHING = ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored")


def step(name: str, *needs: str, **fields: Any) -> dict[str, Any]:
    """Return a run of the template `deploy` that follows others: `b`, or `b:failure`."""
    found = [
        {"step": need.partition(":")[0], "when": need.partition(":")[2] or "success"}
        for need in needs
    ]
    return {"step": name, "template": "deploy", "needs": found} | fields


def ask(name: str, *needs: str, **fields: Any) -> dict[str, Any]:
    """Return an approval that follows others."""
    made = step(name, *needs) | {"kind": "approval"} | fields
    return {key: value for key, value in made.items() if key != "template"}


@dataclass(frozen=True)
class Workflows:
    """Registers and orders workflows, and ends the runs of their steps."""

    store: Database

    def prepare(self, **template: Any) -> None:
        with self.store.writing() as session:
            provide_accounts(session, ADMIN, OPERATOR, OTHER)
            add_template(session, survey=SURVEY, **template)

    def add(self, *steps: dict[str, Any], name: str = "release", **fields: Any) -> None:
        wanted = WorkflowRegistration.model_validate(
            {"workflow": name, "steps": list(steps)} | fields
        )
        with self.store.writing() as session:
            register_workflow(session, ADMIN, wanted)

    def order(self, name: str = "release", **answers: Any) -> int:
        with self.store.writing() as session:
            order = WorkflowOrder(workflow=name, answers=answers)
            return order_workflow(session, OPERATOR, order, sources=KEPT).id

    def show(self, run_id: int) -> dict[str, Any]:
        with self.store.reading() as session:
            return describe_workflow_run(session, get_workflow_run(session, run_id))

    def states(self, run_id: int) -> dict[str, str]:
        """Return the states of the steps, by name."""
        return {one["step"]: one["state"] for one in self.show(run_id)["steps"]}

    def end(
        self,
        run_id: int,
        name: str,
        state: RunState = RunState.SUCCESSFUL,
        *,
        changed: tuple[str, ...] = (),
        failed: tuple[str, ...] = (),
    ) -> None:
        """End the run of a step, and carry the workflow on."""
        [number] = [one["run_id"] for one in self.show(run_id)["steps"] if one["step"] == name]
        with self.store.writing() as session:
            [taken] = [one for one in start(session) if one.run_id == number]
            for host in HOSTS:
                counts = dict.fromkeys(NOTHING, 0)
                counts |= {"ok": 1, "changed": int(host in changed), "failed": int(host in failed)}
                session.add(HostResult(run_id=number, host=host, **counts))
            session.flush()
            end_run(session, taken, state, None, exit_code=0)
        self.carry_on()

    def carry_on(self, now: datetime | None = None) -> None:
        """Do what a worker does in its turns, until there is nothing to do."""
        moment = now or datetime.now(UTC)
        while True:
            with self.store.writing() as session:
                if not has_progress(session, moment):
                    return
                advance_workflows(session, moment, sources=KEPT)

    def decide(self, run_id: int, name: str, decision: str, *, actor: Actor = OTHER) -> None:
        with self.store.writing() as session:
            wanted = StepDecision.model_validate({"decision": decision, "comment": "looked at"})
            decide_step(session, actor, run_id, name, wanted, sources=KEPT)

    def cancel(self, run_id: int) -> None:
        with self.store.writing() as session:
            cancel_workflow(session, OPERATOR, run_id, "no more", sources=KEPT)

    def relaunch(self, run_id: int, **fields: Any) -> int:
        with self.store.writing() as session:
            wanted = WorkflowRelaunch(**fields)
            return relaunch_workflow(session, OPERATOR, run_id, wanted, sources=KEPT).id
