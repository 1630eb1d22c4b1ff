# SPDX-License-Identifier: Apache-2.0
"""The hosts of a sliced run that are not done."""

from sqlalchemy.orm import Session

from inventory_service.runs import queries
from inventory_service.runs.domain.slices import UNFINISHED
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run


def list_unfinished_hosts(session: Session, run: Run) -> set[str]:
    """Return the hosts of a sliced run whose slices did not do all that they should.

    Those of a slice that failed as a whole, without any host of its own that did, are among them.
    """
    found: set[str] = set()
    for part in queries.list_slices(session, run.id):
        failed = queries.list_failed_hosts(session, [part.id])
        is_broken = part.state == RunState.FAILED and not failed
        found |= set(part.hosts if is_broken or RunState(part.state) in UNFINISHED else failed)
    return found
