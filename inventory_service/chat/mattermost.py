# SPDX-License-Identifier: Apache-2.0
"""Mattermost: slash commands with a token, message attachments, and posts of a bot.

Mattermost signs nothing: commands prove themselves by a token, buttons by a context that only this
service can have sealed, and both are dated by the `trigger_id`, whose form is that of
`GenerateTriggerId` in Mattermost's server/public/model/integration_action.go (10.x). Sources else:
developers.mattermost.com, "Custom slash commands", "Interactive messages", API v4 (posts).
"""

import base64
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inventory_service.chat.domain.messages import Button, Message, Style, cut
from inventory_service.chat.domain.platforms import Call, Headers, Heard, Seal
from inventory_service.chat.domain.requests import (
    ActionRequest,
    CommandRequest,
    Sender,
    check_age,
)
from inventory_service.chat.forms import get_text, read_form, read_object
from inventory_service.chat.secret_files import SecretFile
from inventory_service.core.errors import BadInput, Forbidden, Unauthorized, Unavailable
from inventory_service.notifications.domain.messages import escape_markdown

NAME = "mattermost"
_MOST_TEXT = 3500
_PARTS = 4
_BARRED = frozenset({401, 403, 404})
_STYLES = {Style.PLAIN: "default", Style.GOOD: "good", Style.BAD: "danger"}


@dataclass(frozen=True)
class Mattermost:
    """A Mattermost server."""

    url: str
    command_tokens: SecretFile
    bot_token: SecretFile | None
    teams: Collection[str]
    #: Empty for all.
    channels: Collection[str]
    #: Where Mattermost reaches this service, for buttons.
    public_url: str
    name: str = NAME
    takes_answers: bool = True

    @property
    def has_bot(self) -> bool:
        """Return whether there is a token of a bot."""
        return self.bot_token is not None

    def read_command(self, headers: Headers, body: bytes, now: datetime) -> CommandRequest:
        """Return a slash command, verified."""
        form = read_form(body)
        kind, _, token = headers.get("authorization", "").partition(" ")
        is_same = hmac.compare_digest(form.get("token", "").encode(), token.encode())
        if kind != "Token" or not is_same or not self.command_tokens.has(token):
            raise Unauthorized(
                "The token is none of a slash command (QM_MATTERMOST_COMMAND_TOKEN_FILE)."
            )
        sender = Sender(
            NAME,
            get_text(form, "team_id"),
            get_text(form, "user_id"),
            get_text(form, "channel_id"),
            form.get("user_name", ""),
        )
        if sender.team_id not in self.teams:
            raise Forbidden("The request is of a team that QM_MATTERMOST_TEAMS does not name.")
        key = _check_origin(get_text(form, "trigger_id"), sender.user_id, now)
        reply_url = self.check_reply_url(get_text(form, "response_url"))
        return CommandRequest(sender, key, form.get("text", ""), reply_url)

    def read_action(self, headers: Headers, body: bytes, now: datetime) -> ActionRequest:
        """Return a pressed button, whose seal `open_button` checks."""
        del headers
        found = read_object(body)
        team_id = found.get("team_id") or ""
        sender = Sender(
            NAME,
            team_id if isinstance(team_id, str) else "",
            get_text(found, "user_id"),
            get_text(found, "channel_id"),
        )
        if sender.team_id and sender.team_id not in self.teams:
            raise Forbidden("The request is of a team that QM_MATTERMOST_TEAMS does not name.")
        key = _check_origin(get_text(found, "trigger_id"), sender.user_id, now)
        sealed = get_text(found, "context", "sealed")
        return ActionRequest(sender, key, sealed, get_text(found, "post_id"), None)

    def allows_channel(self, channel_id: str) -> bool:
        """Return whether it is answered in this channel."""
        return not self.channels or channel_id in self.channels

    def check_reply_url(self, url: str) -> str:
        """Return the URL if it is one of the server."""
        if not url.startswith(f"{self.url}/hooks/commands/"):
            raise BadInput("The response_url is none of the server of QM_MATTERMOST_URL.")
        return url

    def render_answer(self, message: Message, seal: Seal) -> dict[str, Any]:
        """Return the answer to a slash command."""
        text, attachments = self._render(message, seal)
        kind = "in_channel" if message.is_public else "ephemeral"
        return {
            "response_type": kind,
            "text": text,
            "attachments": attachments,
            "skip_slack_parsing": True,
        }

    def render_action_answer(
        self, message: Message, seal: Seal, *, is_refusal: bool
    ) -> dict[str, Any]:
        """Return the message that takes the place of the one with the button, or what is wrong."""
        text, attachments = self._render(message, seal)
        if is_refusal:
            return {"ephemeral_text": text + "".join(f"\n{one['text']}" for one in attachments)}
        return {
            "update": {"message": text, "props": {"attachments": attachments}},
            "skip_slack_parsing": True,
        }

    def post(self, message: Message, channel_id: str, seal: Seal) -> Call:
        """Return the request that writes a message."""
        return self._call("posts", "POST", {"channel_id": channel_id, **self._body(message, seal)})

    def change(self, message: Message, channel_id: str, post_id: str, seal: Seal) -> Call:
        """Return the request that changes a message."""
        del channel_id
        return self._call(f"posts/{post_id}/patch", "PUT", self._body(message, seal))

    def reply(self, message: Message, url: str, seal: Seal, *, replaces: bool) -> Call:
        """Return the request that answers later; Mattermost replaces nothing by it."""
        del replaces
        return Call(self.check_reply_url(url), self.render_answer(message, seal))

    def read_answer(self, status: int, body: bytes) -> Heard:
        """Return what the server says."""
        if not 200 <= status < 300:  # noqa: PLR2004 - the ranges of RFC 9110
            return Heard(error=f"Mattermost answers with {status}", is_barred=status in _BARRED)
        try:
            post_id = get_text(read_object(body), "id")
        except BadInput:
            return Heard(error="Mattermost's answer is no post")
        # It stands in paths.
        is_id = post_id.isascii() and post_id.isalnum()
        return Heard(post_id=post_id) if is_id else Heard(error="Mattermost's answer is no post")

    def _call(self, path: str, method: str, body: dict[str, Any]) -> Call:
        if self.bot_token is None:
            raise Unavailable(
                "There is no token of a bot: QM_MATTERMOST_BOT_TOKEN_FILE is not set."
            )
        headers = {"Authorization": f"Bearer {self.bot_token.read()[0]}"}
        return Call(f"{self.url}/api/v4/{path}", body, headers, method)

    def _body(self, message: Message, seal: Seal) -> dict[str, Any]:
        text, attachments = self._render(message, seal)
        return {"message": text, "props": {"attachments": attachments}}

    def _render(self, message: Message, seal: Seal) -> tuple[str, list[dict[str, Any]]]:
        """Return text and attachments; texts of others are escaped, and call nobody."""
        text = f"**{escape_markdown(message.title)}**"
        if message.link:
            text += f" [Details]({message.link})"
        if not (message.text or message.fields or message.buttons):
            return text, []
        fields = [
            {"title": name, "value": escape_markdown(value), "short": True}
            for name, value in message.fields
        ]
        attachment = {
            "fallback": message.title,
            # Two blanks before a line's end keep it (CommonMark, 6.7).
            "text": cut(escape_markdown(message.text).replace("\n", "  \n"), _MOST_TEXT),
            "fields": fields,
            "actions": [self._render_button(button, seal) for button in message.buttons],
        }
        return text, [attachment]

    def _render_button(self, button: Button, seal: Seal) -> dict[str, Any]:
        url = f"{self.public_url}/api/v1/chat/{NAME}/actions"
        return {
            # Letters and digits only, or Mattermost does not find it.
            "id": f"qm{button.act.value}",
            "type": "button",
            "name": button.label,
            "style": _STYLES[button.style],
            "integration": {"url": url, "context": {"sealed": seal(button)}},
        }


def _check_origin(trigger_id: str, user_id: str, now: datetime) -> str:
    """Return the id of a request, which is another one for each request.

    :raises Unauthorized: it is none of this user, or too old.
    """
    try:
        parts = base64.b64decode(trigger_id, validate=True).decode("ascii").split(":")
        sent_at = datetime.fromtimestamp(int(parts[2]) / 1000, UTC)
    except (ValueError, IndexError, OverflowError, OSError):
        raise Unauthorized("The trigger_id is none of Mattermost.") from None
    if len(parts) != _PARTS or parts[1] != user_id:
        raise Unauthorized("The trigger_id is none of this user.")
    check_age(sent_at, now)
    return parts[0]
