# SPDX-License-Identifier: Apache-2.0
"""The doors of the platforms: from the bytes that one sends to those that it gets, in time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from inventory_service.chat.commands import Desk, Reply
from inventory_service.chat.deadlines import ANSWER_S, do_in_time
from inventory_service.chat.domain.messages import Button, Message
from inventory_service.chat.domain.platforms import Headers, Platform, Platforms
from inventory_service.chat.domain.requests import ActionRequest, CommandRequest, Sender
from inventory_service.chat.usecases.buttons import make_seal
from inventory_service.core.errors import Forbidden, NotFound, ServiceError, Unavailable

_log = structlog.get_logger(__name__)
_LATE = Reply(
    Message("The service is busy. What came of this follows in a moment."), is_refusal=True
)
_WRONG_CHANNEL = Message("This channel is none in which the service answers.")
_FAULT = Reply(Message("The service made a mistake; its log has the details."), is_refusal=True)


@dataclass(frozen=True)
class Doors:
    """What takes the requests of all platforms that are set up."""

    platforms: Platforms
    desk: Desk

    def take_command(self, name: str, headers: Headers, body: bytes) -> dict[str, Any]:
        """Return the answer to a slash command.

        :raises NotFound: the platform is not set up.
        :raises ServiceError: as `Platform.read_command` and `Desk.answer_command`.
        """
        platform = self._get(name)
        asked = platform.read_command(headers, body, datetime.now(UTC))
        seal = self._make_seal(asked.sender)
        if not platform.allows_channel(asked.sender.channel_id):
            return platform.render_answer(_WRONG_CHANNEL, seal)
        reply = self._do(asked, lambda: self.desk.answer_command(asked, has_bot=platform.has_bot))
        return platform.render_answer((reply or _LATE).message, seal)

    def take_action(self, name: str, headers: Headers, body: bytes) -> dict[str, Any]:
        """Return the answer to a pressed button; what a platform does not show comes as a reply.

        :raises NotFound: the platform is not set up.
        :raises ServiceError: as `Platform.read_action` and `Desk.answer_action`.
        """
        platform = self._get(name)
        asked = platform.read_action(headers, body, datetime.now(UTC))
        if not platform.allows_channel(asked.sender.channel_id):
            raise Forbidden("The channel is none in which the service answers.")
        reply = self._do(asked, lambda: self.desk.answer_action(asked, has_bot=platform.has_bot))
        if reply is not None and not platform.takes_answers:
            self._tell(asked, reply)
        said = reply or _LATE
        seal = self._make_seal(said.sender or asked.sender)
        return platform.render_action_answer(said.message, seal, is_refusal=said.is_refusal)

    def _get(self, name: str) -> Platform:
        platform = self.platforms.find(name)
        if platform is None:
            raise NotFound("There is no such platform of chat, or it is not set up: docs/chat.md.")
        return platform

    def _do(self, asked: CommandRequest | ActionRequest, act: Callable[[], Reply]) -> Reply | None:
        """Return the reply, or None if it comes late; then it is queued."""

        def tell_late(result: Reply | ServiceError) -> None:
            if isinstance(result, Reply):
                self._tell(asked, result)

        result = do_in_time(lambda: _catch(act), tell_late, seconds=ANSWER_S)
        if isinstance(result, ServiceError):
            # What was raised in the other thread.
            raise result
        return result

    def _tell(self, asked: CommandRequest | ActionRequest, reply: Reply) -> None:
        """Queue what is said, for a platform that hears it only so, or too late."""
        if asked.reply_url is None:
            return
        post_id = asked.post_id if isinstance(asked, ActionRequest) else ""
        replaces = bool(post_id) and not reply.is_refusal
        try:
            # What the bot has written is changed by itself.
            if not (replaces and self.desk.is_ours(asked.sender, post_id)):
                self.desk.queue_answer(
                    asked.sender, reply.message, asked.reply_url, replaces=replaces
                )
        except ServiceError as error:
            _log.warning("no answer in chat", sender=asked.sender.label, reason=error.detail)

    def _make_seal(self, sender: Sender) -> Callable[[Button], str]:
        vault = self.desk.vault
        return make_seal(vault, sender.platform, sender.team_id, sender.channel_id)


def _catch(act: Callable[[], Reply]) -> Reply | ServiceError:
    """Return what an act returns or raises: it is done in another thread."""
    try:
        return act()
    except Unavailable as error:
        return Reply(Message("Nothing was changed.", error.detail), is_refusal=True)
    except ServiceError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the edge of a thread
        _log.error("chat request failed", exc_info=error)
        return _FAULT
