# SPDX-License-Identifier: Apache-2.0
"""Messages to incoming webhooks of Slack and Mattermost, in which texts of others stay texts."""

import json
from collections.abc import Callable

from inventory_service.notifications.domain.deliveries import Outcome
from inventory_service.notifications.domain.messages import (
    Message,
    escape_markdown,
    escape_slack,
)
from inventory_service.notifications.senders.posts import Poster


def send_slack(poster: Poster, message: Message, url: str) -> Outcome:
    """Send a message to an incoming webhook of Slack."""
    return _send(poster, message, url, escape_slack, bold="*")


def send_mattermost(poster: Poster, message: Message, url: str) -> Outcome:
    """Send a message to an incoming webhook of Mattermost."""
    return _send(poster, message, url, escape_markdown, bold="**")


def _send(
    poster: Poster, message: Message, url: str, escape: Callable[[str], str], *, bold: str
) -> Outcome:
    lines = [f"{bold}{escape(message.subject)}{bold}", *map(escape, message.list_lines())]
    if message.run is not None:
        # By the operator's own setting, and to be a link.
        lines.append(message.run.link)
    return poster.post(url, json.dumps({"text": "\n".join(lines)}).encode(), {})
