# SPDX-License-Identifier: Apache-2.0
"""The core of chat, whatever the platform: from a verified request to what is said about it.

Each request is answered once. Who has no identity is told how to get one, and nothing of the fleet.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from inventory_service.audit.usecases import record_denial
from inventory_service.chat import acts, lookups
from inventory_service.chat.asked import Asked, Place
from inventory_service.chat.domain.command_lines import Intent, parse_command_line
from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.requests import ActionRequest, CommandRequest, Sender
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.chat.queries import find_message
from inventory_service.chat.usecases.buttons import PressedButton, open_button
from inventory_service.chat.usecases.identities import find_actor, give_code
from inventory_service.chat.usecases.outbox import seal_reply
from inventory_service.chat.usecases.requests import note_request
from inventory_service.core.actors import Actor, Role
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import Forbidden, ServiceError, Unavailable
from inventory_service.runs.domain.sources import RunSources

_log = structlog.get_logger(__name__)
SLASH = "/qm"
_FORBIDDEN = 403
Handler = Callable[[Asked], Message]
#: What each command needs, as the route of the API that does the same. Who may order or approve a
#: run is in its template.
_READS: dict[str, tuple[Role, Handler]] = {
    "status": (Role.VIEWER, lookups.show_status),
    "nodes": (Role.VIEWER, lookups.show_nodes),
    "runs": (Role.VIEWER, lookups.show_runs),
    "why": (Role.VIEWER, lookups.show_why),
    "whoami": (Role.VIEWER, lookups.show_account),
}
_ACTS: dict[str, tuple[Role, Handler]] = {
    "run": (Role.VIEWER, acts.order),
    "plan": (Role.VIEWER, acts.order),
    "apply": (Role.VIEWER, acts.apply),
    "approve": (Role.APPROVER, acts.approve),
    "reject": (Role.APPROVER, acts.reject),
    "cancel": (Role.OPERATOR, acts.cancel),
}


@dataclass(frozen=True)
class Reply:
    """What is said, and whether it says no."""

    message: Message
    is_refusal: bool = False
    #: Who sent the button, in the team of its message; the platform does not always name it.
    sender: Sender | None = None


@dataclass(frozen=True)
class Desk:
    """What answers requests of all platforms."""

    database: Database
    vault: Vault
    sources: RunSources
    link_url: str

    def answer_command(self, request: CommandRequest, *, has_bot: bool) -> Reply:
        """Carry out a slash command, and return what is said about it.

        :raises Conflict: the same request was answered before.
        :raises Unavailable: the database does not answer.
        """

        def act(actor: Actor | None) -> Reply:
            return Reply(self._carry_out(request, actor, has_bot=has_bot).cut())

        return self._answer(request, f"chat command {request.text}", act)

    def answer_action(self, request: ActionRequest, *, has_bot: bool) -> Reply:
        """Do what a pressed button is for, and return what takes the place of its message.

        :raises Conflict: the same request was answered before.
        :raises Unavailable: the database does not answer.
        """
        try:
            # Before anything is written: on some platforms that alone proves the request.
            button = open_button(self.vault, request.sealed, request.sender)
        except Forbidden as error:
            return Reply(Message(error.detail), is_refusal=True)
        found = replace(request, sender=request.sender.in_team(button.team_id))

        def act(actor: Actor | None) -> Reply:
            return self._press(found, button, actor, has_bot=has_bot)

        return self._answer(found, f"chat button {button.act} {button.run_id}", act)

    def queue_answer(self, sender: Sender, message: Message, url: str, *, replaces: bool) -> None:
        """Have an answer sent by the URL that came with a request.

        :raises ServiceError: it can't be stored.
        """
        with self.database.writing() as session:
            sealed = self.vault.seal({"url": url})
            ChatMessage.answer(session, sender, message, sealed_reply=sealed, replaces=replaces)

    def is_ours(self, sender: Sender, post_id: str) -> bool:
        """Return whether the bot has written a message, and changes it by itself."""
        with self.database.reading() as session:
            return find_message(session, sender, post_id) is not None

    def _answer(
        self,
        request: CommandRequest | ActionRequest,
        what: str,
        act: Callable[[Actor | None], Reply],
    ) -> Reply:
        sender = request.sender
        with self.database.writing() as session:
            note_request(session, sender.platform, request.key)
        actor = None
        try:
            with self.database.reading() as session:
                actor = find_actor(session, sender)
            return act(actor)
        except Unavailable:
            raise
        except ServiceError as error:
            if isinstance(error, Forbidden) and actor is not None:
                self._record_denial(actor, what, error.detail)
            _log.info("chat request refused", sender=sender.label, reason=error.detail)
            return Reply(Message(error.detail).as_refusal(), is_refusal=True)

    def _carry_out(self, request: CommandRequest, actor: Actor | None, *, has_bot: bool) -> Message:
        intent = parse_command_line(request.text)
        if intent.command == "help":
            return lookups.show_help(intent, SLASH)
        if intent.command == "link":
            return self._link(request.sender, actor)
        if actor is None:
            return make_unknown(request.sender)
        if intent.command in _READS:
            role, read = _READS[intent.command]
            _check_role(actor, role)
            place = Place(request.sender, Way.REPLY, None)
            with self.database.reading() as session:
                return read(Asked(session, actor, place, self.sources, self.link_url, intent))
        role, act = _ACTS[intent.command]
        _check_role(actor, role)
        place = self._make_place(request.sender, request.reply_url, has_bot=has_bot)
        with self.database.writing() as session:
            asked = Asked(session, actor, place, self.sources, self.link_url, intent)
            return act(asked)

    def _press(
        self, request: ActionRequest, button: PressedButton, actor: Actor | None, *, has_bot: bool
    ) -> Reply:
        sender = request.sender
        if actor is None:
            raise Forbidden(make_unknown(sender).title)
        _check_role(actor, _ACTS[button.act.value][0])
        place = self._make_place(sender, request.reply_url, has_bot=has_bot)
        intent = Intent(button.act.value)
        with self.database.writing() as session:
            asked = Asked(session, actor, place, self.sources, self.link_url, intent)
            message = acts.press(asked, button)
            ours = find_message(session, sender, request.post_id)
            if ours is not None:
                ours.reopen()
            return Reply(message.cut(), sender=sender)

    def _link(self, sender: Sender, actor: Actor | None) -> Message:
        if actor is not None:
            return Message(f"This user acts for '{actor.account}' already.")
        with self.database.writing() as session:
            code = give_code(session, sender)
        return Message(
            f"Confirm on your own terminal, within ten minutes: qm chat link {code}",
            "Confirm only a code that you were shown yourself: who has asked for it then acts for "
            "your account.",
        )

    def _make_place(self, sender: Sender, reply_url: str | None, *, has_bot: bool) -> Place:
        way = Way.POST if has_bot else Way.REPLY
        return Place(sender, way, seal_reply(self.vault, reply_url))

    def _record_denial(self, actor: Actor, what: str, reason: str) -> None:
        with self.database.writing() as session:
            record_denial(session, actor, what, status=_FORBIDDEN, reason=reason)


def _check_role(actor: Actor, role: Role) -> None:
    if not actor.may(role, None):
        raise Forbidden(f"{actor.describe()}, and this needs {role} in all projects.")


def make_unknown(sender: Sender) -> Message:
    """Return what somebody without an identity is told: nothing of the fleet."""
    return Message(f"This user ({sender.label}) has no account here. To link one: {SLASH} link")
