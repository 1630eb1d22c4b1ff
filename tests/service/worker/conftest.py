# SPDX-License-Identifier: Apache-2.0
"""Runs for workers: ordered, taken and begun, without Ansible."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inventory_service.approvals.usecases import apply_plan
from inventory_service.runs.domain.events import RunEvent
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.plans import PlanResult
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.runner.processes import identify
from inventory_service.runs.usecases.claims import TakenRun, begin_run, end_run, take_runs
from inventory_service.runs.usecases.orders import get_run, order_run
from inventory_service.runs.usecases.templates import register_template
from inventory_service.settings import Settings
from inventory_service.worker.spool import SpooledEnd, SpoolWriter
from tests.service.conftest import ACTOR, provide_accounts

if TYPE_CHECKING:
    from inventory_service.core.database.engine import Database

PLAYBOOK = "playbooks/hello.yml"
MACHINE = "here"
LEASE = timedelta(seconds=30)
SOURCES = RunSources(lambda: {PLAYBOOK}, lambda _session, _filters: [Target("web-1", ["web"])])


@pytest.fixture
def playbooks(tmp_path: Path) -> Path:
    """A folder with a playbook that says hello."""
    folder = tmp_path / "checkout"
    (folder / "playbooks").mkdir(parents=True)
    (folder / PLAYBOOK).write_text("- hosts: all\n  tasks: []\n", "utf-8")
    return folder


@pytest.fixture
def settings(database_url: str, tmp_path: Path, playbooks: Path) -> Settings:
    return Settings(
        database_url=database_url,
        worker_name=MACHINE,
        run_dir=tmp_path / "runs",
        playbooks_dir=playbooks,
        secret_key_file=tmp_path / "secret.key",
    )


@dataclass(frozen=True)
class Runs:
    """Makes runs in a database."""

    store: Database

    def order(
        self, *, is_idempotent: bool = False, is_plan: bool = False, **options: object
    ) -> int:
        """Order a run of a template of its own; return its id."""
        with self.store.writing() as session:
            name = f"hello-{datetime.now(UTC).timestamp()}".replace(".", "-")
            wanted = TemplateRegistration(
                template=name,
                playbook=PLAYBOOK,
                is_idempotent=is_idempotent,
                host_lock=None,
                **options,
            )
            provide_accounts(session, ACTOR)
            register_template(session, ACTOR, wanted, sources=SOURCES)
            order = RunOrder(template=name, plan=is_plan)
            run = order_run(session, ACTOR, order, sources=SOURCES)
            return run.id

    def take(self, worker: str = MACHINE, *, owner: str = "", is_plan: bool = False) -> TakenRun:
        """Order a run and have a worker take it, of this process unless another one is given."""
        run_id = self.order(is_plan=is_plan)
        owner = owner or identify_self()
        with self.store.writing() as session:
            [taken] = take_runs(session, worker, owner=owner, slots=100, lease=LEASE)
        assert taken.run_id == run_id
        return taken

    def begin(self, supervisor: str, worker: str = MACHINE, lease: timedelta = LEASE) -> TakenRun:
        """Order a run that has a supervisor."""
        taken = self.take(worker)
        with self.store.writing() as session:
            assert begin_run(session, taken, supervisor, lease)
        return taken

    def apply(self, result: PlanResult) -> TakenRun:
        """Have a worker take the run that applies a plan with this result."""
        plan = self.take(is_plan=True)
        with self.store.writing() as session:
            assert begin_run(session, plan, "1:1:1", LEASE)
            assert end_run(session, plan, RunState.SUCCESSFUL, None, exit_code=0, plan=result)
            apply_plan(session, ACTOR, plan.run_id, None, sources=SOURCES)
            [taken] = take_runs(session, MACHINE, owner=identify_self(), slots=100, lease=LEASE)
        return taken

    def get(self, run_id: int) -> dict[str, object]:
        """Return a run as outsiders see it."""
        with self.store.reading() as session:
            return get_run(session, run_id).as_dict()


@pytest.fixture
def runs(store: Database) -> Runs:
    return Runs(store)


@pytest.fixture
def dead() -> str:
    """The identity of a process that has ended: this one's, of another boot."""
    return f"{identify_self()[:-1]}x"


def identify_self() -> str:
    """Return the identity of this process."""
    return identify(os.getpid()) or ""


def make_event(counter: int, kind: str = "verbose", **fields: object) -> RunEvent:
    """Return an event whose text is its number."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=counter)
    return RunEvent(
        **{"counter": counter, "kind": kind, "at": at, "text": f"line {counter}"} | fields
    )


def write_spool(path: Path, events: Iterable[RunEvent], end: SpooledEnd | None = None) -> None:
    """Write a spool as a supervisor does."""
    writer = SpoolWriter(path)
    writer.add(events)
    if end is not None:
        writer.end(end)
    writer.close()
