# SPDX-License-Identifier: Apache-2.0
"""Slack: signed requests, Block Kit, and messages of a bot that are changed.

Sources: docs.slack.dev, "Verifying requests from Slack", "Implementing slash commands", "Handling
user interaction", "Block Kit", `chat.postMessage`, `chat.update`.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
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
from inventory_service.notifications.domain.messages import escape_slack

NAME = "slack"
_VERSION = "v0"
#: The limits of Block Kit: a section has ten fields, each with a name and a value here.
_PAIRS_A_SECTION = 5
_MOST_SECTION = 3000
_OK = 200
#: What the bot can't mend by trying again: it is not in the channel, or may not write there.
_BARRED = frozenset(
    {
        "account_inactive",
        "cannot_reply_to_message",
        "cant_update_message",
        "channel_not_found",
        "invalid_auth",
        "is_archived",
        "message_not_found",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_in_channel",
        "restricted_action",
        "token_expired",
        "token_revoked",
    }
)


@dataclass(frozen=True)
class Slack:
    """A Slack app in some workspaces."""

    signing_secret: SecretFile
    bot_token: SecretFile | None
    teams: Collection[str]
    #: Empty for all.
    channels: Collection[str]
    api_url: str
    #: How URLs for replies begin.
    reply_origin: str
    name: str = NAME
    takes_answers: bool = False

    @property
    def has_bot(self) -> bool:
        """Return whether there is a token of a bot."""
        return self.bot_token is not None

    def read_command(self, headers: Headers, body: bytes, now: datetime) -> CommandRequest:
        """Return a slash command, verified."""
        key = self._verify(headers, body, now)
        form = read_form(body)
        sender = Sender(
            NAME,
            self._check_team(form.get("team_id", "")),
            get_text(form, "user_id"),
            get_text(form, "channel_id"),
            form.get("user_name", ""),
        )
        # Slack writes `&`, `<` and `>` of people as HTML does.
        text = unescape(form.get("text", ""))
        return CommandRequest(
            sender, key, text, self.check_reply_url(get_text(form, "response_url"))
        )

    def read_action(self, headers: Headers, body: bytes, now: datetime) -> ActionRequest:
        """Return a pressed button, verified."""
        key = self._verify(headers, body, now)
        payload = read_object(get_text(read_form(body), "payload"))
        actions = payload.get("actions")
        if payload.get("type") != "block_actions" or not isinstance(actions, list) or not actions:
            raise BadInput("The request is no pressed button (block_actions).")
        sender = Sender(
            NAME,
            self._check_team(get_text(payload, "team", "id")),
            get_text(payload, "user", "id"),
            get_text(payload, "channel", "id"),
        )
        return ActionRequest(
            sender,
            key,
            get_text(actions[0], "value"),
            get_text(payload, "container", "message_ts"),
            self.check_reply_url(get_text(payload, "response_url")),
        )

    def allows_channel(self, channel_id: str) -> bool:
        """Return whether it is answered in this channel."""
        return not self.channels or channel_id in self.channels

    def check_reply_url(self, url: str) -> str:
        """Return the URL if it is one of Slack."""
        if not url.startswith(f"{self.reply_origin}/"):
            raise BadInput("The response_url is none of Slack (QM_SLACK_REPLY_ORIGIN).")
        return url

    def render_answer(self, message: Message, seal: Seal) -> dict[str, Any]:
        """Return the answer to a slash command."""
        kind = "in_channel" if message.is_public else "ephemeral"
        return {"response_type": kind, **render(message, seal)}

    def render_action_answer(
        self, message: Message, seal: Seal, *, is_refusal: bool
    ) -> dict[str, Any]:
        """Return nothing: Slack shows no answer to a pressed button, only replies."""
        del message, seal, is_refusal
        return {}

    def post(self, message: Message, channel_id: str, seal: Seal) -> Call:
        """Return the request that writes a message."""
        return self._call("chat.postMessage", {"channel": channel_id, **render(message, seal)})

    def change(self, message: Message, channel_id: str, post_id: str, seal: Seal) -> Call:
        """Return the request that changes a message."""
        body = {"channel": channel_id, "ts": post_id, **render(message, seal)}
        return self._call("chat.update", body)

    def reply(self, message: Message, url: str, seal: Seal, *, replaces: bool) -> Call:
        """Return the request that answers later, or replaces the message with the button."""
        body = {**self.render_answer(message, seal), "replace_original": replaces}
        return Call(self.check_reply_url(url), body)

    def read_answer(self, status: int, body: bytes) -> Heard:
        """Return what Slack says: its errors have the status 200, too."""
        if status != _OK:
            return Heard(error=f"Slack answers with {status}")
        try:
            found = read_object(body)
        except BadInput:
            return Heard(error="Slack's answer is no JSON")
        if found.get("ok") is not True:
            # The words of the API, of which one never is a secret.
            error = cut(str(found.get("error", "no reason given")), 64)
            return Heard(error=f"Slack says: {error}", is_barred=error in _BARRED)
        return Heard(post_id=get_text(found, "ts"))

    def _call(self, method: str, body: dict[str, Any]) -> Call:
        if self.bot_token is None:
            raise Unavailable("There is no token of a bot: QM_SLACK_BOT_TOKEN_FILE is not set.")
        headers = {
            "Authorization": f"Bearer {self.bot_token.read()[0]}",
            "Content-Type": "application/json; charset=utf-8",
        }
        body |= {"unfurl_links": False, "unfurl_media": False, "link_names": False}
        return Call(f"{self.api_url}/{method}", body, headers)

    def _verify(self, headers: Headers, body: bytes, now: datetime) -> str:
        """Return the signature of a request, which is another one for each.

        :raises Unauthorized: it is not Slack's, or too old.
        """
        stamp = headers.get("x-slack-request-timestamp", "")
        signature = headers.get("x-slack-signature", "")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11):  # noqa: PLR2004 - the year 5138
            raise Unauthorized("The request is not signed by Slack.")
        signed = f"{_VERSION}:{stamp}:".encode() + body
        wanted = [
            f"{_VERSION}={hmac.new(one.encode(), signed, hashlib.sha256).hexdigest()}"
            for one in self.signing_secret.read()
        ]
        given = signature.encode("utf-8", "replace")
        # All of them, so that the time does not tell which one it is.
        if not sum(hmac.compare_digest(one.encode(), given) for one in wanted):
            raise Unauthorized("The request is not signed by Slack (QM_SLACK_SIGNING_SECRET_FILE).")
        check_age(datetime.fromtimestamp(int(stamp), UTC), now)
        return signature

    def _check_team(self, team_id: str) -> str:
        if team_id not in self.teams:
            raise Forbidden("The request is of a workspace that QM_SLACK_TEAMS does not name.")
        return team_id


def render(message: Message, seal: Seal) -> dict[str, Any]:
    """Return text and blocks of a message; texts of others are plain, and call nobody."""
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{_neutralize(message.title)}*"}}
    ]
    pairs = message.fields
    for start in range(0, len(pairs), _PAIRS_A_SECTION):
        fields: list[dict[str, Any]] = []
        for name, value in pairs[start : start + _PAIRS_A_SECTION]:
            fields += [{"type": "mrkdwn", "text": f"*{name}*"}, _plain(value)]
        blocks.append({"type": "section", "fields": fields})
    if message.text:
        blocks.append({"type": "section", "text": _plain(message.text)})
    if message.link:
        link = {"type": "mrkdwn", "text": f"<{message.link}|Details>"}
        blocks.append({"type": "context", "elements": [link]})
    if message.buttons:
        elements = [_render_button(button, seal) for button in message.buttons]
        blocks.append({"type": "actions", "elements": elements})
    return {"text": escape_slack(message.title), "mrkdwn": False, "blocks": blocks}


def _render_button(button: Button, seal: Seal) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "button",
        "action_id": f"qm_{button.act.value}",
        "text": _plain(button.label),
        "value": seal(button),
    }
    if button.style is not Style.PLAIN:
        found["style"] = "primary" if button.style is Style.GOOD else "danger"
    if button.question:
        found["confirm"] = {
            "title": _plain(button.label),
            "text": _plain(cut(button.question, 300)),
            "confirm": _plain(button.label),
            "deny": _plain("Back"),
        }
    return found


def _plain(text: str) -> dict[str, Any]:
    # An empty text is refused.
    return {"type": "plain_text", "text": cut(text, _MOST_SECTION) or "-", "emoji": False}


def _neutralize(text: str) -> str:
    """Return a text in which nothing formats, links or calls."""
    text = escape_slack(text)
    for mark in "*_~`@#":
        text = text.replace(mark, f"{mark}\N{ZERO WIDTH SPACE}")
    return text
