# SPDX-License-Identifier: Apache-2.0
"""Runs: the whole input of each, who works on it, and how it ended."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.base import Base, UTCDateTime
from inventory_service.core.errors import Conflict
from inventory_service.core.redaction import redact
from inventory_service.runs.domain.locks import HOST_LOCK, Claim, LockMode
from inventory_service.runs.domain.slices import count_slices, split_hosts
from inventory_service.runs.domain.states import ENDED, LIVE, RunState, check_run_transition
from inventory_service.runs.models.plans import PlanParts
from inventory_service.runs.models.retries import RetryParts
from inventory_service.runs.models.shown_fields import FIELDS
from inventory_service.runs.models.slices import SliceParts

_MOST_WHY = 1000


class Run(RetryParts, SliceParts, PlanParts, Base):
    """A playbook that somebody wants to be run, or that was run."""

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(ForeignKey("templates.template"), index=True)
    playbook: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(20))
    #: Why it waits, or how it came to its end.
    state_reason: Mapped[str | None] = mapped_column(String(_MOST_WHY))
    #: As somebody wrote it; `hosts` are the names that it selected then.
    limit: Mapped[str] = mapped_column(String(65_536))
    hosts: Mapped[list[str]] = mapped_column(JSON)
    host_count: Mapped[int]
    #: tags, skip_tags, check, diff, forks, verbosity, idle_timeout_s, timeout_s, limit_variable,
    #: concurrency.
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    variables: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Without those that are secret.
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The secret answers, encrypted.
    sealed_answers: Mapped[str | None] = mapped_column(Text)
    #: Name and mode of each lock, those on hosts included.
    locks: Mapped[dict[str, str]] = mapped_column(JSON)
    is_idempotent: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(1000))
    #: The account, whose roles bound what its playbook may do.
    requested_by: Mapped[str] = mapped_column(String(63))
    #: That of the token by which it was ordered, which bounds it too.
    scope: Mapped[str] = mapped_column(String(16), server_default="operator")
    door: Mapped[str] = mapped_column(String(16))
    relaunch_of: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    #: Counts how often a worker took it.
    attempt: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: The machine of the worker that took it.
    worker: Mapped[str | None] = mapped_column(String(255))
    #: Who has this may write to the run; another one has lost it.
    claim_token: Mapped[str | None] = mapped_column(String(43))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    #: The process that has it: id and start, since the id alone is given again. It is the
    #: worker's own until the supervisor begins.
    supervisor: Mapped[str | None] = mapped_column(String(63))
    exit_code: Mapped[int | None]
    event_count: Mapped[int] = mapped_column(default=0)
    missing_events: Mapped[int] = mapped_column(default=0)
    #: How many hosts have which result.
    results: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    revision: Mapped[int] = mapped_column(index=True)

    def submit(self, session: Session, actor: Actor, reason: str | None) -> None:
        """Add the run to the queue, or let it wait for approvals, and record who ordered it."""
        self.state = RunState.QUEUED.value
        self.host_count, self.reason = len(self.hosts), reason
        self.requested_by, self.door = actor.account, actor.channel.value
        self.scope = actor.scope.value
        self.attempt = self.event_count = self.missing_events = 0
        self.results, self.revision = {}, 0
        self.created_at = datetime.now(UTC)
        session.add(self)
        session.flush()
        if self.missing_approvals:
            self.state = RunState.AWAITING_APPROVAL.value
            self.state_reason = self.explain_approvals()
        after = {"template": self.template, "limit": self.limit[:200], "hosts": self.host_count}
        entry = record(session, actor, "order", "run", str(self.id), after=after, reason=reason)
        self.revision = entry.revision

    def make_copy(self, hosts: Collection[str]) -> "Run":
        """Return a new run with the same input for some of the hosts, not yet submitted."""
        wanted = set(hosts)
        locks = {
            name: mode
            for name, mode in self.locks.items()
            if not name.startswith(HOST_LOCK) or name.removeprefix(HOST_LOCK) in wanted
        }
        hosts = [host for host in self.hosts if host in wanted]
        copy = self._copy(hosts, self.options, locks)
        copy.relaunch_of, copy.is_plan = self.id, self.is_plan
        copy.slice_count = count_slices(self.slice_count, len(hosts))
        return copy

    def open_slices(self) -> list["Run"]:
        """Begin the run, which is sliced; return its slices, not yet submitted.

        It has no supervisor itself. While it is live it holds the locks that are not on hosts;
        those on hosts are its slices'.
        """
        self._go(RunState.STARTING, None)
        self._go(RunState.RUNNING, None)
        self.attempt, self.started_at = self.attempt + 1, datetime.now(UTC)
        parts = []
        for number, hosts in enumerate(split_hosts(self.hosts, self.slice_count), 1):
            wanted = {f"{HOST_LOCK}{host}" for host in hosts}
            locks = {name: mode for name, mode in self.locks.items() if name in wanted}
            part = self._copy(hosts, self.options, locks)
            # What is to be done about a slice that was lost is the whole run's to decide.
            part.is_idempotent, part.retries = False, 0
            part.slice_of, part.slice_no, part.slice_count = self.id, number, self.slice_count
            parts.append(part)
        return parts

    def make_application(self, locks: dict[str, str]) -> "Run":
        """Return a new run that applies this plan, not yet submitted."""
        copy = self._copy(self.hosts, self.options | {"check": False}, locks)
        copy.plan_of, copy.digest, copy.changes = self.id, self.digest, self.changes
        return copy

    def make_retry(self, hosts: Collection[str]) -> "Run":
        """Return the next attempt for some of the hosts; what was approved stays approved."""
        copy = self.make_copy(hosts)
        copy.retry_of, copy.retry_no = self.id, self.retry_no
        copy.plan_of, copy.digest, copy.changes = self.plan_of, self.digest, self.changes
        copy.approvals_needed, copy.approvals_given = self.approvals_needed, self.approvals_given
        return copy

    def take_approval(self, revision: int) -> None:
        """Count an approval, of which there is a record; with the last one the run is queued."""
        self.approvals_given, self.revision = self.approvals_given + 1, revision
        if self.missing_approvals:
            self.state_reason = self.explain_approvals()
        else:
            self._go(RunState.QUEUED, None)

    def take_rejection(self, why: str, revision: int) -> None:
        """End the run because of a rejection, of which there is a record."""
        self._go(RunState.REJECTED, why[:1000])
        self.ended_at, self.revision = datetime.now(UTC), revision

    def claim(self, worker: str, token: str, owner: str, lease: timedelta) -> None:
        """Give the run to a worker, whose process has it until its supervisor begins."""
        self._go(RunState.STARTING, None)
        self.worker, self.claim_token, self.attempt = worker, token, self.attempt + 1
        self.supervisor = owner
        self.lease_until = datetime.now(UTC) + lease

    def wait_until(self, moment: datetime) -> None:
        """Let no worker take the run, which waits, before a moment."""
        self.not_before = moment
        self.state_reason = f"waits until {moment:%Y-%m-%dT%H:%M:%SZ} to try again"

    def block(self, reason: str) -> None:
        """Record what the run waits for."""
        if self.state != RunState.BLOCKED:
            self._go(RunState.BLOCKED, reason)
        elif self.state_reason != reason:
            self.state_reason = reason

    def unblock(self) -> None:
        """Record that the run waits for a worker only."""
        if self.state == RunState.BLOCKED:
            self._go(RunState.QUEUED, None)
        self.state_reason = None

    def begin(self, supervisor: str, lease: timedelta) -> None:
        """Record that a supervisor has begun the run."""
        self._go(RunState.RUNNING, None)
        self.supervisor = supervisor
        self.started_at = datetime.now(UTC)
        self.lease_until = self.started_at + lease

    def renew(self, lease: timedelta) -> None:
        """Renew the lease of a live run."""
        self.lease_until = datetime.now(UTC) + lease

    def put_back(self, reason: str) -> None:
        """Put a run back into the queue whose worker ended before anything was begun."""
        self._go(RunState.QUEUED, reason)
        self.worker = self.claim_token = self.supervisor = self.lease_until = None

    def cancel(self, actor: Actor, reason: str | None) -> None:
        """Cancel a run that waits, or have a live one stopped by its supervisor.

        :raises Conflict: it has ended.
        """
        if RunState(self.state) in ENDED:
            raise Conflict(f"Run {self.id} has ended: it is {self.state}. There is nothing to do.")
        if self.state == RunState.CANCELLING:
            return
        why = f"cancelled by {actor.account}" + (f": {reason}" if reason else "")
        if RunState(self.state) in LIVE:
            self._go(RunState.CANCELLING, why, actor=actor, reason=reason)
        else:
            self.end(RunState.CANCELLED, why, actor=actor, reason=reason)

    def end(
        self,
        state: RunState,
        why: str | None,
        *,
        actor: Actor,
        exit_code: int | None = None,
        reason: str | None = None,
    ) -> None:
        """End the run, by which its locks are free."""
        self._go(state, why, actor=actor, reason=reason)
        self.ended_at = datetime.now(UTC)
        self.exit_code = exit_code
        self.claim_token = self.lease_until = None

    def count(self, *, events: int, missing: int, results: dict[str, int]) -> None:
        """Take how many events are stored, and the results so far."""
        self.event_count, self.missing_events, self.results = events, missing, results

    def get_claim(self) -> Claim:
        """Return what the run holds or wants."""
        has_hosts = not (self.is_sliced and RunState(self.state) in LIVE)
        locks = {
            name: LockMode(mode)
            for name, mode in self.locks.items()
            if has_hosts or not name.startswith(HOST_LOCK)
        }
        return Claim(
            self.id, self.template, self.options["concurrency"], locks, is_slice=self.is_slice
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what outsiders see of the run: no secrets, and not the names of its hosts."""
        return redact({name: getattr(self, name) for name in FIELDS})

    def _copy(
        self, hosts: Collection[str], options: dict[str, Any], locks: dict[str, str]
    ) -> "Run":
        return Run(
            template=self.template,
            playbook=self.playbook,
            limit=self.limit,
            hosts=[*hosts],
            options=options,
            variables=self.variables,
            answers=self.answers,
            sealed_answers=self.sealed_answers,
            locks=locks,
            is_idempotent=self.is_idempotent,
            retries=self.retries,
            retry_pause_s=self.retry_pause_s,
            retry_hosts=self.retry_hosts,
        )

    def _go(
        self,
        wanted: RunState,
        why: str | None,
        *,
        actor: Actor | None = None,
        reason: str | None = None,
    ) -> None:
        """Change the state; what people asked for, and ends, leave a record."""
        present = RunState(self.state)
        check_run_transition(self.id, present, wanted)
        why = why and why[:_MOST_WHY]
        if actor is not None:
            entry = record(
                self._session,
                actor,
                wanted.value,
                "run",
                str(self.id),
                before={"state": present.value},
                after={"state": wanted.value, "why": why},
                reason=reason,
            )
            self.revision = entry.revision
        self.state, self.state_reason = wanted.value, why

    @property
    def _session(self) -> Session:
        session = object_session(self)
        assert session is not None  # noqa: S101 - a run changes only inside a transaction
        return session
