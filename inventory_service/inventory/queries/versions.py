# SPDX-License-Identifier: Apache-2.0
"""Revisions of the fleet, told apart from those of a database that was restored."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from inventory_service.core.audit_log import REFUSE, AuditRecord
from inventory_service.core.revision import Fleet


@dataclass(frozen=True)
class Version:
    """A revision and when it came about, which a database restored since then does not know."""

    revision: int
    #: None if its record is not kept any more.
    at: datetime | None


def get_version(session: Session) -> Version:
    """Return the version that this transaction sees."""
    return Version(*session.execute(_VERSION).one())


def is_same_history(session: Session, seen: Version, now: Version) -> bool:
    """Return whether what this transaction sees has come from what was seen, by changes alone."""
    if seen == now:
        return True
    return seen.at is not None and session.scalars(_when(seen.revision)).one_or_none() == seen.at


def _when(revision: object) -> Select[datetime]:
    # The first record of a revision is the act itself; refusals of later requests follow it.
    return (
        select(AuditRecord.at)
        .where(AuditRecord.revision == revision, AuditRecord.action != REFUSE)
        .order_by(AuditRecord.id)
        .limit(1)
    )


#: Made once: it runs for each inventory, and to build it takes longer.
_VERSION = select(Fleet.revision, _when(Fleet.revision).scalar_subquery())
