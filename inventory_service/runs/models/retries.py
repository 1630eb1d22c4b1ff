# SPDX-License-Identifier: Apache-2.0
"""What runs have of retries: the policy of their template, and their place in the chain."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import UTCDateTime
from inventory_service.runs.domain.retries import RetryHosts


class RetryParts:
    """The columns of runs that are about retries."""

    #: The attempt before this one, which ended badly.
    retry_of: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    #: How many attempts were before this one.
    retry_no: Mapped[int] = mapped_column(default=0, server_default="0")
    #: How many may follow the first.
    retries: Mapped[int] = mapped_column(default=0, server_default="0")
    retry_pause_s: Mapped[int] = mapped_column(default=0, server_default="0")
    retry_hosts: Mapped[str] = mapped_column(
        String(16), default=RetryHosts.FAILED.value, server_default="failed"
    )
    #: No worker takes it before.
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def count_retry(self) -> None:
        """Count it as one more of the attempts that its template allows."""
        self.retry_no += 1
