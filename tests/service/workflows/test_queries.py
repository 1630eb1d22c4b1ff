# SPDX-License-Identifier: Apache-2.0
"""A worker asks by one cheap read whether a workflow goes on."""

from datetime import UTC, datetime, timedelta

from inventory_service.core.database.engine import Database
from inventory_service.runs.usecases.orders import get_run
from inventory_service.workflows.queries import has_progress, list_progress
from tests.service.run_rows import ADMIN
from tests.service.workflow_rows import Workflows, ask, step


def test_there_is_progress_when_a_run_has_ended_or_an_approval_has_expired(
    workflows: Workflows, store: Database
) -> None:
    workflows.add(step("a"), step("b"))
    workflows.add(ask("ok", approval_expiry_s=60), name="asked")
    first, second = workflows.order(), workflows.order("asked")
    now = datetime.now(UTC)
    late = now + timedelta(seconds=61)
    with store.reading() as session:
        assert not has_progress(session, now)
        assert list_progress(session, late) == [second]
    with store.writing() as session:
        for one in workflows.show(first)["steps"]:
            get_run(session, one["run_id"]).cancel(ADMIN, None)
    with store.reading() as session:
        assert has_progress(session, now)
        assert list_progress(session, late) == [first, second]
    workflows.carry_on(late)
    with store.reading() as session:
        assert not has_progress(session, late)
