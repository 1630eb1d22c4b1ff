# SPDX-License-Identifier: Apache-2.0
"""Schedules: what each of them orders, when, and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import UTCDateTime
from inventory_service.core.errors import BadInput
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.runs.models.runs import Run
from inventory_service.schedules.domain.schedules import ACTOR_PREFIX, CatchUp
from inventory_service.schedules.domain.timing import Timing, make_timing

#: What a schedule notes of itself, in the order in which people read it.
_NOTES = ("next_at", "last_at", "last_run_id", "last_problem", "account", "scope")


class Schedule(CatalogEntry):
    """An order of a run that is repeated at set times."""

    __tablename__ = "schedules"

    NOUN = "schedule"
    FIELDS = (
        "schedule",
        "description",
        "template",
        "limit",
        "tags",
        "skip_tags",
        "check",
        "diff",
        "answers",
        "cron",
        "time_zone",
        "at",
        "jitter_s",
        "catch_up",
        "is_paused",
    )

    schedule: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    template: Mapped[str] = mapped_column(ForeignKey("templates.template"), index=True)
    limit: Mapped[str] = mapped_column(String(65_536))
    tags: Mapped[list[str]] = mapped_column(JSON)
    skip_tags: Mapped[list[str]] = mapped_column(JSON)
    check: Mapped[bool]
    diff: Mapped[bool]
    #: Without those that are secret.
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The secret answers, encrypted.
    sealed_answers: Mapped[str | None] = mapped_column(Text)
    cron: Mapped[str | None] = mapped_column(String(255))
    time_zone: Mapped[str] = mapped_column(String(63))
    #: In UTC, as RFC 3339 writes it.
    at: Mapped[str | None] = mapped_column(String(32))
    jitter_s: Mapped[int]
    catch_up: Mapped[str] = mapped_column(String(16))
    is_paused: Mapped[bool]
    #: Who registered it, or changed what it orders: its runs need that account's roles.
    account: Mapped[str] = mapped_column(String(63))
    #: That of the token which was used then: it bounds the roles.
    scope: Mapped[str] = mapped_column(String(16))
    #: None while it is paused, and after its end.
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    #: When `next_at` was computed: in the future if the clock was set back since.
    planned_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    #: When it was last due.
    last_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    #: Why it ordered no run when it was last due.
    last_problem: Mapped[str | None] = mapped_column(String(1000))

    @property
    def timing(self) -> Timing:
        """Return the moments at which it fires.

        :raises BadInput: it has none.
        """
        return make_timing(
            self.schedule,
            cron=self.cron,
            at=self.at,
            time_zone=self.time_zone,
            jitter_s=self.jitter_s,
        )

    @property
    def token(self) -> str:
        """Return by what its account acts when it fires, as the audit names it."""
        return f"{ACTOR_PREFIX}{self.schedule}"

    def authorize(self, actor: Actor) -> None:
        """Let it order what the actor may order."""
        self.account, self.scope = actor.account, actor.scope.value

    def plan(self, now: datetime) -> None:
        """Set when it fires next; where that can't be computed, it notes why."""
        self.planned_at = now
        try:
            self.next_at = None if self.is_paused else self.timing.find_next(now)
        except BadInput as error:
            self.next_at, self.last_problem = None, error.detail[:1000]

    def is_due(self, now: datetime) -> bool:
        """Return whether it fires now."""
        return self.next_at is not None and self.next_at <= now

    def is_missed(self, now: datetime) -> bool:
        """Return whether it is too late for what is due, and that is not to be made up for.

        :raises BadInput: as `Timing.find_next`.
        """
        if self.next_at is None or self.catch_up == CatchUp.LAST:
            return False
        return self.timing.is_missed(self.next_at, now)

    def note_run(self, run: Run, now: datetime) -> None:
        """Note the run that it ordered, which is on record, and plan the next one."""
        self.last_run_id, self.last_problem = run.id, None
        self.revision = run.revision
        self._go_on(now)

    def note_problem(self, problem: str, now: datetime) -> None:
        """Record why it ordered no run, and plan the next one."""
        due = self.next_at and self.next_at.isoformat()
        actor = Actor(self.account, Channel.SCHEDULE, Scope(self.scope), token=self.token)
        entry = record(
            self._session,
            actor,
            "misfire",
            self.NOUN,
            self.name,
            after={"due": due, "problem": problem},
        )
        self.last_problem, self.revision = problem, entry.revision
        self._go_on(now)

    def retire(self, actor: Actor, reason: str | None) -> None:
        """Retire the schedule, which does not fire any more.

        :raises Conflict: it is retired already.
        """
        super().retire(actor, reason)
        self.next_at = None

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the schedule."""
        return super().as_dict() | {name: getattr(self, name) for name in _NOTES}

    def _go_on(self, now: datetime) -> None:
        self.last_at = self.next_at
        self.plan(now)
