# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the service, watched from afar until they end."""

from __future__ import annotations

import collections
import re
import time
import typing as t

from .client import Client, ClientError

RUNS = "/api/v1/runs"
SUCCESSFUL = "successful"
NOT_ENDED = (
    "pending",
    "blocked",
    "awaiting_approval",
    "queued",
    "starting",
    "running",
    "cancelling",
)
ENDED = (
    SUCCESSFUL,
    "failed",
    "unreachable",
    "cancelled",
    "timed_out",
    "lost",
    "rejected",
    "expired",
)
"""Runs in these states never change again."""
WAIT_S = 20
"""How long the service may wait for an event before it answers; the client waits longer."""
PAUSE_S = 1.0
"""Between two questions: a chatty run would else use up the requests of a minute."""
EVENTS_AT_ONCE = 5000
OUTAGE_S = 180.0
"""A run goes on while the service is restarted or its database is away; so long it is asked."""
BEAT_S = 30.0
"""After so long without news the state is shown again."""
TAIL_LINES = 20
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def path_of(run_id: int, *parts: str) -> str:
    """Return the path of a run, or of what is below it."""
    return "/".join([RUNS, str(run_id), *parts])


class RunWatch:
    """One run as it happens: its state, the last lines of its log, and news for people."""

    def __init__(
        self,
        client: Client,
        run: t.Mapping[str, t.Any],
        *,
        timeout_s: float,
        show: t.Callable[[str], object],
        clock: t.Callable[[], float] = time.monotonic,
        pause: t.Callable[[float], object] = time.sleep,
    ) -> None:
        """Take a run; `timeout_s` is that of the client, within which each answer must begin."""
        self.run = dict(run)
        self._client = client
        self._wait_s = min(WAIT_S, timeout_s / 2)
        self._show = show
        self._clock = clock
        self._pause = pause
        self._after = 0
        self._task = ""
        self._tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        self._begun_at = self._answered_at = self._shown_at = clock()
        self._shown = ""

    @property
    def tail(self) -> list[str]:
        """The last lines of the log."""
        return list(self._tail)

    def follow(self, limit_s: float | None = None) -> bool:
        """Watch the run, and return whether it ended; after `limit_s` seconds it may go on.

        :raises ClientError: the service refuses, or gives no answer for too long.
        """
        deadline = float("inf") if limit_s is None else self._clock() + limit_s
        self._report()
        while True:
            begun = self._clock()
            found = self._ask(min(self._wait_s, max(deadline - begun, 0)))
            if found.get("is_complete"):
                self._report()
                return True
            now = self._clock()
            if now >= deadline:
                return False
            self._report()
            if len(found.get("events", ())) < EVENTS_AT_ONCE:
                self._pause(max(min(begun + PAUSE_S, deadline) - now, 0))

    def _ask(self, wait_s: float) -> dict[str, t.Any]:
        """Take what is new, and return it; nothing while the service is away."""
        query = {"after": self._after, "limit": EVENTS_AT_ONCE, "wait": int(wait_s)}
        try:
            found = self._client.json("GET", path_of(self.run["id"], "events"), query=query)
        except ClientError as error:
            is_away = error.status is None or error.status == 429 or error.status >= 500  # noqa: PLR2004 - HTTP's own numbers
            if not is_away or self._clock() - self._answered_at > OUTAGE_S:
                raise
            self._say(f"run {self.run['id']}: asked again in a moment, since {error}")
            return {}
        self._answered_at = self._clock()
        self.run.update(found["run"])
        self._after = found["next_after"]
        for event in found["events"]:
            self._task = event["task"] or self._task
            self._tail.extend(event["text"].splitlines())
        return t.cast("dict[str, t.Any]", found)

    def _report(self) -> None:
        """Show what the run does, if that is news or was shown long ago."""
        why = f": {self.run['state_reason']}" if self.run.get("state_reason") else ""
        task = f", task {self._task!r}" if self._task and self.run["state"] == "running" else ""
        news = f"run {self.run['id']} ({self.run['template']}) is {self.run['state']}{why}{task}"
        now = self._clock()
        if news != self._shown:
            self._shown = news
            self._say(news)
        elif now - self._shown_at >= BEAT_S:
            self._say(f"{news} ({int(now - self._begun_at)} s)")

    def _say(self, text: str) -> None:
        self._shown_at = self._clock()
        # What a host printed must not steer a terminal.
        self._show(CONTROLS.sub(" ", text))
