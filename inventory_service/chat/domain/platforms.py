# SPDX-License-Identifier: Apache-2.0
"""Platforms: what the core of chat needs of each, so that another one is one file more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from inventory_service.chat.domain.messages import Button, Message
from inventory_service.chat.domain.requests import ActionRequest, CommandRequest

#: Returns what a button holds, which only this service can have made.
Seal = Callable[[Button], str]
#: By their names in lower case.
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """A request to a platform; URL and headers may be secret."""

    url: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    headers: Headers = field(default_factory=dict, repr=False)
    method: str = "POST"


@dataclass(frozen=True)
class Heard:
    """What a platform answered: the id of the message, or why there is none."""

    post_id: str | None = None
    error: str | None = None
    #: Whether the bot may not write there, and never will by itself.
    is_barred: bool = False


class Platform(Protocol):
    """A platform as it is set up."""

    @property
    def name(self) -> str:
        """Return its name, as it stands in paths and identities."""

    @property
    def has_bot(self) -> bool:
        """Return whether it lets us write messages of our own, and change them."""

    @property
    def takes_answers(self) -> bool:
        """Return whether the answer to a pressed button is shown; else only replies are."""

    def read_command(self, headers: Headers, body: bytes, now: datetime) -> CommandRequest:
        """Return a slash command.

        :raises Unauthorized: it does not come from the platform, or is too old.
        :raises Forbidden: it comes from a team that is not allowed.
        :raises BadInput: it is not of the form.
        """

    def read_action(self, headers: Headers, body: bytes, now: datetime) -> ActionRequest:
        """Return a pressed button.

        :raises ServiceError: as `read_command`.
        """

    def allows_channel(self, channel_id: str) -> bool:
        """Return whether it is answered in this channel."""

    def check_reply_url(self, url: str) -> str:
        """Return the URL if it is one of the platform.

        :raises BadInput: it is not.
        """

    def render_answer(self, message: Message, seal: Seal) -> dict[str, Any]:
        """Return the body of the answer to a slash command."""

    def render_action_answer(
        self, message: Message, seal: Seal, *, is_refusal: bool
    ) -> dict[str, Any]:
        """Return the body of the answer to a pressed button, where it is shown."""

    def post(self, message: Message, channel_id: str, seal: Seal) -> Call:
        """Return the request that writes a message."""

    def change(self, message: Message, channel_id: str, post_id: str, seal: Seal) -> Call:
        """Return the request that changes a message."""

    def reply(self, message: Message, url: str, seal: Seal, *, replaces: bool) -> Call:
        """Return the request that answers later, or replaces the message with the button."""

    def read_answer(self, status: int, body: bytes) -> Heard:
        """Return what the platform says to `post` and `change`."""


@dataclass(frozen=True)
class Platforms:
    """The platforms that are set up, by name."""

    known: Mapping[str, Platform]

    def find(self, name: str) -> Platform | None:
        """Return a platform, or None if it is not set up."""
        return self.known.get(name)
