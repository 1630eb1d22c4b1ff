# SPDX-License-Identifier: Apache-2.0
"""What runs have of plans: the result of one, or the plan that they apply and its approvals."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import JSON, ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.database.base import UTCDateTime
from inventory_service.runs.domain.plans import PlanResult


class PlanParts:
    """The columns of runs that are about plans and their approvals."""

    is_plan: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: The plan that the run applies; digest and changes are the plan's.
    plan_of: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    digest: Mapped[str | None] = mapped_column(String(64))
    changes: Mapped[int | None]
    #: Of a plan: what it rests on, as `PlanBasis`.
    basis: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    approvals_needed: Mapped[int] = mapped_column(default=0, server_default="0")
    approvals_given: Mapped[int] = mapped_column(default=0, server_default="0")
    approver_role: Mapped[str | None] = mapped_column(String(16))
    #: When it no longer waits for approvals.
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def approvals(self) -> dict[str, int]:
        """Return how many approvals the run needs, and how many it has."""
        return {"needed": self.approvals_needed, "given": self.approvals_given}

    @property
    def missing_approvals(self) -> int:
        """Return how many approvals the run still needs."""
        return max((self.approvals_needed or 0) - (self.approvals_given or 0), 0)

    def need_approvals(self, needed: int, approver_role: str, expiry: timedelta) -> None:
        """Let the run, which is not yet submitted, wait for approvals."""
        self.approvals_needed, self.approver_role = needed, approver_role
        self.expires_at = datetime.now(UTC) + expiry

    def conclude(self, result: PlanResult) -> None:
        """Take what the plan amounts to."""
        self.digest, self.changes, self.basis = result.digest, result.changes, asdict(result.basis)

    def explain_approvals(self) -> str:
        """Return what the run waits for while it waits for approvals."""
        until = f" until {self.expires_at:%Y-%m-%dT%H:%M:%SZ}" if self.expires_at else ""
        return (
            f"has {self.approvals_given} of {self.approvals_needed} approvals by the role "
            f"{self.approver_role}, and waits for the others{until}"
        )
