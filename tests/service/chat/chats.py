# SPDX-License-Identifier: Apache-2.0
"""Slack and Mattermost as a test needs them: they sign requests, and hear what is written."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SIGNING_SECRET = "sentinel-signing-secret"
COMMAND_TOKEN = "sentinelcommandtoken"
BOT_TOKEN = "xoxb-sentinel-bot"
TEAM = "T1"
CHANNEL = "C1"
COUNTER = itertools.count(1)


@dataclass
class Answer:
    """An answer of the service."""

    status: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


#: Sends a POST: path, headers, body.
Send = Callable[[str, Mapping[str, str], bytes], Answer]


@dataclass
class Written:
    """What a platform heard: which method of it, the headers, and the body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def words(self) -> str:
        """Return all that can be read, and more."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass
class Server:
    """A platform on this machine: messages by id, as they are now, and all requests in order."""

    port: int = 0
    heard: list[Written] = field(default_factory=list)
    posts: dict[str, Written] = field(default_factory=dict)
    #: Instead of the next answers: a status and a body.
    faults: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, bytes]:
        """Do what the platform does, and return its answer."""
        written = Written(path, headers, body)
        self.heard.append(written)
        if self.faults:
            return self.faults.pop(0)
        if "/hooks/" in path:
            return 200, b"ok"
        if path == "/api/chat.update":
            post_id = body["ts"]
        elif path.endswith("/patch"):
            post_id = path.split("/")[-2]
        else:
            post_id = f"post{next(COUNTER)}"
        self.posts[post_id] = written
        return 200, json.dumps({"ok": True, "ts": post_id, "id": post_id}).encode()

    @property
    def replies(self) -> list[Written]:
        """Return what came by URLs for replies."""
        return [one for one in self.heard if "/hooks/" in one.path]


@contextmanager
def serving() -> Iterator[Server]:
    """Give a platform that answers until the end."""
    found = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = found.take(self.path, dict(self.headers), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_PUT = do_POST  # noqa: N815 - the names of http.server

        def log_message(self, *_words: object) -> None:
            """Keep the output of the tests clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Slack:
    """The side of Slack: signs what people send."""

    send: Send
    server: Server
    name: str = "slack"

    def command(self, text: str, user: str = "U1", **other: Any) -> Answer:
        """Send a slash command as Slack does; `other` fields are changed after that."""
        form = {
            "team_id": TEAM,
            "channel_id": CHANNEL,
            "user_id": user,
            "user_name": f"name-{user}",
            "command": "/qm",
            # Slack writes these as HTML does.
            "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "response_url": f"{self.server.url}/hooks/commands/{next(COUNTER)}",
            "trigger_id": f"trigger{next(COUNTER)}",
        } | other.pop("fields", {})
        return self.sign("commands", urlencode(form).encode(), **other)

    def press(self, sealed: str, user: str = "U1", post_id: str = "none", **other: Any) -> Answer:
        """Press a button as Slack does."""
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user},
            "channel": {"id": CHANNEL},
            "container": {"message_ts": post_id},
            "response_url": f"{self.server.url}/hooks/actions/{next(COUNTER)}",
            "trigger_id": f"trigger{next(COUNTER)}",
            "actions": [{"type": "button", "action_id": "qm_x", "value": sealed}],
        } | other.pop("fields", {})
        return self.sign("actions", urlencode({"payload": json.dumps(payload)}).encode(), **other)

    def sign(
        self,
        door: str,
        body: bytes,
        *,
        secret: str = SIGNING_SECRET,
        moment: float | None = None,
        sent: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a body that is signed; ``sent`` is what is sent instead of what was signed."""
        stamp = str(int(time.time() if moment is None else moment))
        signed = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256)
        given = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed.hexdigest()}",
        } | dict(headers or {})
        self.last = (door, given, body if sent is None else sent)
        return self.repeat()

    def repeat(self) -> Answer:
        """Send the last request once more."""
        door, headers, body = self.last
        return self.send(f"/api/v1/chat/slack/{door}", headers, body)

    @staticmethod
    def buttons(body: Mapping[str, Any]) -> dict[str, str]:
        """Return the buttons of a message, each with what it holds."""
        return {
            one["text"]["text"]: one["value"]
            for block in body.get("blocks", [])
            if block["type"] == "actions"
            for one in block["elements"]
        }


@dataclass
class Mattermost:
    """The side of Mattermost: a token, and triggers that it makes."""

    send: Send
    server: Server
    name: str = "mattermost"

    def command(self, text: str, user: str = "U1", **other: Any) -> Answer:
        """Send a slash command as Mattermost does; `other` fields are changed after that."""
        token = other.pop("secret", COMMAND_TOKEN)
        form = {
            "token": token,
            "team_id": TEAM,
            "channel_id": CHANNEL,
            "user_id": user,
            "user_name": f"name-{user}",
            "command": "/qm",
            "text": text,
            "response_url": f"{self.server.url}/hooks/commands/{next(COUNTER)}",
            "trigger_id": make_trigger(user, other.pop("moment", None)),
        } | other.pop("fields", {})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Token {token}",
        } | dict(other.pop("headers", {}))
        self.last = ("commands", headers, urlencode(form).encode())
        return self.repeat()

    def press(self, sealed: str, user: str = "U1", post_id: str = "none", **other: Any) -> Answer:
        """Press a button as Mattermost does."""
        body = {
            "user_id": user,
            "channel_id": CHANNEL,
            "team_id": TEAM,
            "post_id": post_id,
            "trigger_id": make_trigger(user, other.pop("moment", None)),
            "type": "button",
            "context": {"sealed": sealed},
        } | other.pop("fields", {})
        self.last = ("actions", {"Content-Type": "application/json"}, json.dumps(body).encode())
        return self.repeat()

    def repeat(self) -> Answer:
        """Send the last request once more."""
        door, headers, body = self.last
        return self.send(f"/api/v1/chat/mattermost/{door}", headers, body)

    @staticmethod
    def buttons(body: Mapping[str, Any]) -> dict[str, str]:
        """Return the buttons of a message, each with what it holds."""
        attachments = body.get("attachments") or body.get("props", {}).get("attachments", [])
        return {
            one["name"]: one["integration"]["context"]["sealed"]
            for attachment in attachments
            for one in attachment["actions"]
        }


Chat = Slack | Mattermost
CHATS: dict[str, type[Slack | Mattermost]] = {"slack": Slack, "mattermost": Mattermost}


def make_trigger(user: str, moment: float | None) -> str:
    """Return a trigger as Mattermost's server makes it: id, user, milliseconds, signature."""
    now_ms = int((time.time() if moment is None else moment) * 1000)
    return base64.b64encode(f"trigger{next(COUNTER)}:{user}:{now_ms}:c2ln".encode()).decode()


def make_settings(folder: Path, server: Server, *, with_bot: bool = True) -> dict[str, Any]:
    """Return the settings of chat, whose secrets are in files of a folder."""
    names = {"signing": SIGNING_SECRET, "command": COMMAND_TOKEN, "bot": BOT_TOKEN}
    paths = {name: folder / f"{name}.secret" for name in names}
    for name, text in names.items():
        paths[name].write_text(text + "\n", "utf-8")
        paths[name].chmod(0o600)
    bot = paths["bot"] if with_bot else None
    return {
        "notify_allow": "127.0.0.0/8",
        "public_url": "https://qm.example",
        "slack_signing_secret_file": paths["signing"],
        "slack_bot_token_file": bot,
        "slack_teams": TEAM,
        "slack_api_url": f"{server.url}/api",
        "slack_reply_origin": server.url,
        "mattermost_url": server.url,
        "mattermost_command_token_file": paths["command"],
        "mattermost_bot_token_file": bot,
        "mattermost_teams": TEAM,
    }
