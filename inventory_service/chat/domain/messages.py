# SPDX-License-Identifier: Apache-2.0
"""Messages of chat: what is said and which buttons are below, whatever the platform."""

import enum
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

_ELLIPSIS = "…"
#: What a message holds at most: each platform shows as much.
MOST_TITLE = 150
MOST_TEXT = 2800
#: All of them together, as JSON with escapes, are less than what is read of an answer.
MOST_VALUE = 400
MOST_FIELDS = 12


class Act(enum.StrEnum):
    """What a button does."""

    APPLY = "apply"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"


class Style(enum.StrEnum):
    """How a button looks."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class Button:
    """A button below a message about a run; ``digest`` is of the plan that the message shows."""

    act: Act
    run_id: int
    digest: str | None = None
    #: What is asked first, where the platform can ask.
    question: str | None = None

    @property
    def label(self) -> str:
        """Return what stands on it."""
        return self.act.value.capitalize()

    @property
    def style(self) -> Style:
        """Return how it looks."""
        return {Act.APPLY: Style.GOOD, Act.APPROVE: Style.GOOD, Act.REJECT: Style.BAD}.get(
            self.act, Style.PLAIN
        )


@dataclass(frozen=True)
class Message:
    """One message; its texts are plain, and platforms show them as they are."""

    title: str
    text: str = ""
    #: Names and values.
    fields: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    link: str | None = None
    #: Whether all in the channel see it, and not only who asked.
    is_public: bool = False

    def cut(self) -> Self:
        """Return the message with no text longer than a platform takes."""
        return replace(
            self,
            title=cut(self.title, MOST_TITLE),
            text=cut(self.text, MOST_TEXT),
            fields=tuple((name, cut(value, MOST_VALUE)) for name, value in self.fields)[
                :MOST_FIELDS
            ],
        )

    def as_refusal(self) -> Self:
        """Return a long title as text below a short one."""
        if len(self.title) <= MOST_TITLE:
            return self
        return replace(self, title="This was refused", text=self.title).cut()

    @property
    def fingerprint(self) -> str:
        """Return what two messages have in common that look the same."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return the message for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Self:
        """Return the message of what `as_dict` returned."""
        buttons = tuple(Button(**{**one, "act": Act(one["act"])}) for one in found["buttons"])
        fields = tuple((name, value) for name, value in found["fields"])
        return cls(**{**found, "buttons": buttons, "fields": fields})


def cut(text: str, most: int) -> str:
    """Return the text, or as much of it as fits, with a mark that there was more."""
    return text if len(text) <= most else text[: most - 1] + _ELLIPSIS
