# SPDX-License-Identifier: Apache-2.0
"""An attempt knows the one before it; whoever relaunches it begins a chain anew."""

from inventory_service.core.database.engine import Database
from tests.service.run_rows import HOSTS, add_template, order


def test_a_copy_keeps_the_policy_and_only_a_retry_its_place(store: Database) -> None:
    with store.writing() as session:
        add_template(session, retries=3, retry_pause_s=7, retry_hosts="all")
        run = order(session)
        run.retry_no = 2
        again, copy = run.make_retry(HOSTS), run.make_copy(HOSTS)
        assert (again.retry_of, again.retry_no) == (run.id, 2)
        assert (copy.retry_of, copy.retry_no) == (None, None)
        for one in (again, copy):
            assert (one.retries, one.retry_pause_s, one.retry_hosts) == (3, 7, "all")
