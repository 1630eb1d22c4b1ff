# SPDX-License-Identifier: Apache-2.0
"""Slices of a run: which hosts each has, and how the whole run ends by their ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory_service.runs.domain.states import RunState

#: How many slices a run has at most.
MOST_SLICES = 100
_S = RunState
#: Ends of a slice, the worst first; the run ends as the worst of its slices.
_WORST_FIRST = (
    _S.LOST,
    _S.FAILED,
    _S.TIMED_OUT,
    _S.EXPIRED,
    _S.REJECTED,
    _S.CANCELLED,
    _S.UNREACHABLE,
    _S.SUCCESSFUL,
)
#: Ends after which it is not known of any host of the slice that all was done there.
UNFINISHED = frozenset({_S.LOST, _S.TIMED_OUT, _S.CANCELLED, _S.EXPIRED, _S.REJECTED})

#: Counts of a host or a task.
_COUNTS = frozenset({"ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored"})


@dataclass(frozen=True)
class SliceEnd:
    """How a slice ended, and why if it was no success."""

    number: int
    run_id: int
    state: RunState
    why: str | None


def count_slices(wanted: int, hosts: int) -> int:
    """Return how many slices a run gets: none has no host; 0 if it is not sliced."""
    count = min(wanted, hosts)
    return count if count > 1 else 0


def split_hosts(hosts: Sequence[str], count: int) -> list[list[str]]:
    """Return the hosts of each slice: every ``count``-th of them, so that they differ by one."""
    return [list(hosts[number::count]) for number in range(count)]


def judge_slices(ends: Sequence[SliceEnd], *, is_cancelled: bool) -> tuple[RunState, str | None]:
    """Return how a run ends whose slices ended so, and why if it is no success.

    It is cancelled only if somebody cancelled it as a whole; a single slice that was cancelled
    makes it fail.
    """
    worst = min((end.state for end in ends), key=_WORST_FIRST.index)
    if worst is _S.SUCCESSFUL:
        return worst, None
    bad = [end for end in ends if end.state is not _S.SUCCESSFUL]
    first = next(end for end in bad if end.state is worst)
    others = len(bad) - 1
    why = f"slice {first.number} of {len(ends)} (run {first.run_id}) is {worst}"
    if first.why:
        why = f"{why}: {first.why}"
    if others:
        why = f"{why}; {others} more did not end well"
    if worst is not _S.LOST and is_cancelled and any(end.state is _S.CANCELLED for end in ends):
        return _S.CANCELLED, why
    return (_S.FAILED if worst in {_S.CANCELLED, _S.REJECTED} else worst), why


def merge_hosts(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results by host of all slices: a host that is in several has the sums of them."""
    merged: dict[str, dict[str, Any]] = {}
    for one in results:
        known = merged.setdefault(one["host"], dict.fromkeys(one, 0) | {"host": one["host"]})
        _add(known, one)
    return [merged[name] for name in sorted(merged)]


def merge_tasks(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the timeline of all slices: a task lasts from its first begin to its last end."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in results:
        key = (one["number"], one["play"], one["task"])
        known = merged.get(key)
        if known is None:
            merged[key] = dict(one)
            continue
        ends = (known["ended_at"], one["ended_at"])
        known["started_at"] = min(known["started_at"], one["started_at"])
        known["ended_at"] = None if None in ends else max(ends)
        _add(known, one)
    return sorted(merged.values(), key=lambda task: (task["number"], task["started_at"]))


def _add(known: dict[str, Any], one: Mapping[str, Any]) -> None:
    for name in _COUNTS & one.keys():
        known[name] += one[name]
