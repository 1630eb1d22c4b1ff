# SPDX-License-Identifier: Apache-2.0
"""Events of a run, and what they amount to: results by host, and a timeline of tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

#: Results of one task on one host, as ansible-runner names its events.
_RESULTS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}
TASK_STARTS = frozenset({"playbook_on_task_start", "playbook_on_handler_task_start"})
STATS = "playbook_on_stats"
#: Columns of Ansible's recap: our word for each.
_RECAP = {
    "ok": "ok",
    "changed": "changed",
    "failures": "failed",
    "dark": "unreachable",
    "skipped": "skipped",
    "rescued": "rescued",
    "ignored": "ignored",
}
RESULTS = tuple(_RECAP.values())


@dataclass(frozen=True)
class RunEvent:
    """One event of a run; ``counter`` counts from 1 without a gap."""

    counter: int
    #: What happened, as ansible-runner names it: `runner_on_ok`, `playbook_on_task_start`.
    kind: str
    at: datetime
    #: The lines of the log that belong to it, without colours.
    text: str
    play: str | None = None
    task: str | None = None
    task_id: str | None = None
    host: str | None = None
    is_changed: bool = False
    #: Whether the playbook goes on although the task failed.
    is_ignored: bool = False
    #: Of the last event: results by host. Column, host, number.
    recap: Mapping[str, Mapping[str, int]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the event for JSON."""
        return asdict(self) | {"at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """Return the event of what `as_dict` returned."""
        return cls(**{**found, "at": datetime.fromisoformat(found["at"])})


@dataclass
class TaskTally:
    """A task of a run: when it began and ended, and its results by kind."""

    number: int
    task_id: str
    play: str
    task: str
    started_at: datetime
    ended_at: datetime | None = None
    results: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESULTS, 0))


class Tally:
    """Adds events up; what they changed since the last `forget_changes` can be stored alone."""

    def __init__(self) -> None:
        self.hosts: dict[str, dict[str, int]] = {}
        self.tasks: dict[str, TaskTally] = {}
        self.last_counter = 0
        self.missing = 0
        #: Whether Ansible's own last word was seen.
        self.has_recap = False
        self._changed_hosts: set[str] = set()
        self._changed_tasks: dict[str, None] = {}
        self._present: TaskTally | None = None

    def add(self, events: Iterable[RunEvent]) -> None:
        """Add events in their order; one that was added before counts once."""
        for event in events:
            if event.counter > self.last_counter:
                self.missing += event.counter - self.last_counter - 1
                self.last_counter = event.counter
                self._add(event)

    def list_changes(self) -> tuple[dict[str, dict[str, int]], list[TaskTally]]:
        """Return hosts and tasks that changed since `forget_changes` was called last."""
        hosts = {name: self.hosts[name] for name in sorted(self._changed_hosts)}
        tasks = [self.tasks[task_id] for task_id in self._changed_tasks]
        return hosts, tasks

    def forget_changes(self) -> None:
        """Take what changed so far as stored."""
        self._changed_hosts, self._changed_tasks = set(), {}

    def count_hosts(self) -> dict[str, int]:
        """Return how many hosts are ok, changed, failed, unreachable; each may be two of these."""
        counts = dict.fromkeys(("ok", "changed", "failed", "unreachable"), 0)
        for host in self.hosts.values():
            counts["ok"] += not (host["failed"] or host["unreachable"])
            for name in ("changed", "failed", "unreachable"):
                counts[name] += bool(host[name])
        return counts

    def _add(self, event: RunEvent) -> None:
        if event.kind in TASK_STARTS and event.task_id:
            self._begin_task(event)
        elif event.kind in _RESULTS and event.host:
            self._count(event, _RESULTS[event.kind])
        elif event.kind == STATS:
            self._end_task(event.at)
            self._take_recap(event.recap or {})

    def _begin_task(self, event: RunEvent) -> None:
        self._end_task(event.at)
        task_id = event.task_id or ""
        known = self.tasks.get(task_id)
        if known is None:
            number = len(self.tasks) + 1
            known = TaskTally(number, task_id, event.play or "", event.task or "", event.at)
            self.tasks[task_id] = known
        # A play in batches (`serial`) comes to the same task again.
        known.ended_at = None
        self._present = known
        self._changed_tasks[task_id] = None

    def _end_task(self, at: datetime) -> None:
        if self._present is not None:
            self._present.ended_at = at
            self._changed_tasks[self._present.task_id] = None
            self._present = None

    def _count(self, event: RunEvent, result: str) -> None:
        if result == "failed" and event.is_ignored:
            kinds = ["ok", "ignored"]
        else:
            kinds = [result, "changed"] if event.is_changed and result == "ok" else [result]
        name = event.host or ""
        host = self.hosts.setdefault(name, dict.fromkeys(RESULTS, 0))
        task = self.tasks.get(event.task_id or "")
        for kind in kinds:
            host[kind] += 1
            if task is not None:
                task.results[kind] += 1
        self._changed_hosts.add(name)
        if task is not None:
            self._changed_tasks[task.task_id] = None

    def _take_recap(self, recap: Mapping[str, Mapping[str, int]]) -> None:
        """Take Ansible's own numbers, which know of rescued tasks."""
        self.has_recap = True
        names = {name for counts in recap.values() for name in counts}
        for name in names:
            counts = {ours: recap.get(theirs, {}).get(name, 0) for theirs, ours in _RECAP.items()}
            self.hosts[name] = counts
            self._changed_hosts.add(name)
