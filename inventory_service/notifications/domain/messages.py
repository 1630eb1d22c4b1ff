# SPDX-License-Identifier: Apache-2.0
"""Messages: what is sent about a run that has ended, as a document and as text."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|>~<])")


@dataclass(frozen=True)
class RunSummary:
    """What a message holds about a run."""

    id: int
    template: str
    state: str
    state_reason: str | None
    limit: str
    host_count: int
    #: How many hosts have which result.
    results: dict[str, int]
    requested_by: str
    reason: str | None
    is_check: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    link: str


@dataclass(frozen=True)
class Message:
    """One message: about a run, or, without one, a test."""

    #: The same each time that it is sent, so that who gets it twice can know.
    delivery_id: int
    notification: str
    run: RunSummary | None

    @property
    def event(self) -> str:
        """Return what it is about."""
        return "test" if self.run is None else "run.ended"

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "event": self.event,
            "delivery": self.delivery_id,
            "notification": self.notification,
            "run": None if self.run is None else asdict(self.run),
        }

    @property
    def subject(self) -> str:
        """Return it in one line."""
        if self.run is None:
            return f"Test of notification {self.notification}"
        mode = " (check)" if self.run.is_check else ""
        return f"Run {self.run.id} of {self.run.template}{mode}: {self.run.state}"

    def list_lines(self) -> list[str]:
        """Return what else there is to read, without the link."""
        run = self.run
        if run is None:
            return ["Messages about ended runs will come this way."]
        results = ", ".join(f"{count} {name}" for name, count in sorted(run.results.items()))
        lines = [f"Hosts: {run.host_count}" + (f" ({results})" if results else "")]
        if run.state_reason:
            lines.append(f"Why it ended so: {run.state_reason}")
        lines.append(f"Requested by {run.requested_by}" + (f": {run.reason}" if run.reason else ""))
        if run.started_at and run.ended_at:
            lines.append(f"Took {(run.ended_at - run.started_at).total_seconds():.0f} s")
        return lines


def escape_slack(text: str) -> str:
    """Return a text that Slack shows as it is (api.slack.com, Formatting text: Escaping text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_markdown(text: str) -> str:
    """Return a text that Mattermost shows as it is, and by which it calls nobody (`@all`)."""
    return _MARKS.sub(r"\\\1", text).replace("@", "@\N{ZERO WIDTH SPACE}")
