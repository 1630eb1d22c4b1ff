# SPDX-License-Identifier: Apache-2.0
"""Services that are not retired, and where they run."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.fleet.domain.services import Placement
from inventory_service.fleet.models.services import Service


def read_placement(session: Session, *, job: str | None = None) -> Placement:
    """Return where all live services run, or those that one job scrapes."""
    query = select(Service).where(Service.retired_at.is_(None))
    if job is not None:
        query = query.where(Service.scrape_job == job)
    return Placement(session.scalars(query))
