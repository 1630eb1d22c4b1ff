# SPDX-License-Identifier: Apache-2.0
"""A sliced run is not done on hosts that failed, and on all of a slice that did not finish."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.reports import HostResult
from inventory_service.runs.usecases.claims import end_run
from inventory_service.runs.usecases.unfinished_hosts import list_unfinished_hosts
from tests.service.run_rows import add_template, order, start

NOTHING = dict.fromkeys(
    ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored"), 0
)


@pytest.mark.parametrize(
    ("state", "failed", "found"),
    [
        ("successful", [], set()),
        ("failed", ["web-2"], {"web-2"}),
        ("unreachable", ["web-2"], {"web-2"}),
        ("failed", [], {"db-1", "web-2"}),
        ("timed_out", ["web-2"], {"db-1", "web-2"}),
        ("lost", [], {"db-1", "web-2"}),
    ],
)
def test_hosts_are_unfinished_by_themselves_or_with_their_slice(
    store: Database, state: str, failed: list[str], found: set[str]
) -> None:
    with store.writing() as session:
        add_template(session)
        run = order(session, slices=2)
        start(session)
        first, second = start(session)
        for host in failed:
            session.add(HostResult(run_id=first.run_id, host=host, **NOTHING | {"failed": 1}))
        end_run(session, first, RunState(state), None, exit_code=1)
        end_run(session, second, RunState.SUCCESSFUL, None, exit_code=0)
        assert list_unfinished_hosts(session, run) == found
