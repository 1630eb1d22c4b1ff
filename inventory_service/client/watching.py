# SPDX-License-Identifier: Apache-2.0
"""A run as it happens: asked for from cursor to cursor, also across a restart of the service."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory_service.client.errors import ServiceUnreachable, Unavailable
from inventory_service.client.retries import Notice, ignore

#: How long the service may wait for an event before it answers.
WAIT_S = 20
#: An answer that came faster without an event means that too many wait: then we pause.
PAUSE_S = 1.0
#: How long a service may be away while somebody follows a run.
PATIENCE_S = 60.0
#: The highest counter that an event may have.
LAST_COUNTER = 2**31 - 1

#: Returns the answer of `GET /api/v1/runs/{run_id}/events` to a query.
Ask = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Progress:
    """How far a run is, and the events since the last time."""

    run: dict[str, Any]
    events: Sequence[dict[str, Any]]
    #: The value of `after` by which somebody else, or a later program, goes on from here.
    cursor: int
    #: Whether no event will follow.
    is_complete: bool


def watch(
    ask: Ask,
    *,
    after: int,
    patience_s: float,
    deadline: float | None = None,
    notice: Notice = ignore,
) -> Iterator[Progress]:
    """Yield progress until the run is complete, or the deadline (of the monotonic clock) is over.

    :raises ServiceUnreachable: the service has been away for longer than ``patience_s``.
    """
    while True:
        begun = time.monotonic()
        query = {"after": after, "wait": _wait_s(deadline, begun)}
        found = _ask_patiently(ask, query, patience_s, notice)
        progress = Progress(
            found["run"], found["events"], found["next_after"], found["is_complete"]
        )
        yield progress
        after = progress.cursor
        now = time.monotonic()
        if progress.is_complete or (deadline is not None and now >= deadline):
            return
        if not progress.events and now - begun < PAUSE_S:
            time.sleep(PAUSE_S if deadline is None else max(0.0, min(PAUSE_S, deadline - now)))


def _wait_s(deadline: float | None, now: float) -> int:
    """Return how many whole seconds the service may wait."""
    return WAIT_S if deadline is None else max(0, min(WAIT_S, int(deadline - now)))


def _ask_patiently(ask: Ask, query: Mapping[str, Any], patience_s: float, notice: Notice) -> Any:  # noqa: ANN401 (JSON)
    """Return the answer; while the service is restarted, ask again: the run goes on without it."""
    give_up_at = time.monotonic() + patience_s
    has_said = False
    while True:
        try:
            return ask(query)
        except (ServiceUnreachable, Unavailable):
            if time.monotonic() > give_up_at:
                raise
        if not has_said:
            notice("The service does not answer; the run goes on. Asking again …")
            has_said = True
        time.sleep(PAUSE_S)
