# SPDX-License-Identifier: Apache-2.0
"""The doors of the platforms: slash commands and pressed buttons, each verified by its platform."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from werkzeug.exceptions import RequestEntityTooLarge

from inventory_service.chat.commands import Desk, Reply
from inventory_service.chat.deadlines import ANSWER_S, do_in_time
from inventory_service.chat.domain.messages import Button, Message
from inventory_service.chat.domain.platforms import Headers, Platform, Platforms
from inventory_service.chat.domain.requests import ActionRequest, CommandRequest, Sender
from inventory_service.chat.forms import MOST_BYTES
from inventory_service.chat.usecases.buttons import make_seal
from inventory_service.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    ServiceError,
    Unauthorized,
    Unavailable,
)
from inventory_service.http.auth import public, takes_any_body
from inventory_service.http.dependencies import get_component
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response

routes = APIBlueprint("chat", __name__, url_prefix="/api/v1/chat", abp_tags=[Tag(name="chat")])
_log = structlog.get_logger(__name__)
_ERRORS = (BadInput, Conflict, Forbidden, NotFound, Unauthorized, Unavailable)
_LATE = Message("The service is busy. What came of this follows in a moment.")
_WRONG_CHANNEL = Message("This channel is none in which the service answers.")
_FAULT = Message("The service made a mistake; its log has the details.")


class PlatformPath(BaseModel):
    """The platform of a path."""

    platform: str = Field(max_length=16)


class AnswerOut(BaseModel):
    """A message in the form of the platform: what it has, only that one knows."""

    response_type: str | None = Field(default=None, description="`ephemeral` or `in_channel`")
    text: str | None = None


@routes.post("/<platform>/commands", summary="Take a slash command", responses={200: AnswerOut})
@public
@takes_any_body
@raises(*_ERRORS)
def take_command(path: PlatformPath) -> Response:
    """Signed by Slack, or with the token of Mattermost; answered within three seconds."""
    platform, desk = _get_platform(path.platform), get_component(Desk)
    asked = platform.read_command(_read_headers(), _read_body(), datetime.now(UTC))
    if not platform.allows_channel(asked.sender.channel_id):
        return json_response(platform.render_answer(_WRONG_CHANNEL, _make_seal(desk, asked.sender)))
    reply = do_in_time(
        _guard(lambda: desk.answer_command(asked, has_bot=platform.has_bot)),
        lambda reply: _tell_later(desk, asked, reply),
        seconds=ANSWER_S,
    )
    message = _pass_on(reply).message if reply is not None else _LATE
    return json_response(platform.render_answer(message, _make_seal(desk, asked.sender)))


@routes.post("/<platform>/actions", summary="Take a pressed button", responses={200: AnswerOut})
@public
@takes_any_body
@raises(*_ERRORS)
def take_action(path: PlatformPath) -> Response:
    """Signed by Slack, or sealed by this service; answered within three seconds."""
    platform, desk = _get_platform(path.platform), get_component(Desk)
    asked = platform.read_action(_read_headers(), _read_body(), datetime.now(UTC))
    if not platform.allows_channel(asked.sender.channel_id):
        raise Forbidden("The channel is none in which the service answers.")
    reply = do_in_time(
        _guard(lambda: desk.answer_action(asked, has_bot=platform.has_bot)),
        lambda reply: _tell_later(desk, asked, reply),
        seconds=ANSWER_S,
    )
    if not platform.takes_answers:
        if reply is not None:
            _tell_later(desk, asked, _pass_on(reply))
        return Response("", 200)
    said = _pass_on(reply) if reply is not None else Reply(_LATE, is_refusal=True)
    seal = _make_seal(desk, said.sender or asked.sender)
    body = platform.render_action_answer(said.message, seal, is_refusal=said.is_refusal)
    return json_response(body)


def _get_platform(name: str) -> Platform:
    platform = get_component(Platforms).find(name)
    if platform is None:
        raise NotFound("There is no such platform of chat, or it is not set up: docs/chat.md.")
    return platform


def _read_headers() -> Headers:
    return {name.lower(): value for name, value in request.headers.items()}


def _read_body() -> bytes:
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    body = request.get_data()
    if len(body) > MOST_BYTES:
        raise RequestEntityTooLarge
    return body


def _guard(act: Callable[[], Reply]) -> Callable[[], Reply | ServiceError]:
    """Return an act that raises nothing: it is done in another thread."""

    def guarded() -> Reply | ServiceError:
        try:
            return act()
        except ServiceError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the edge of a thread
            _log.error("chat request failed", exc_info=error)
            return Reply(_FAULT, is_refusal=True)

    return guarded


def _pass_on(reply: Reply | ServiceError) -> Reply:
    """Return the reply; what was raised in the other thread is raised here."""
    if isinstance(reply, Unavailable):
        return Reply(Message("Nothing was changed.", reply.detail), is_refusal=True)
    if isinstance(reply, ServiceError):
        raise reply
    return reply


def _tell_later(
    desk: Desk, asked: CommandRequest | ActionRequest, reply: Reply | ServiceError
) -> None:
    """Queue what is said, for a platform that hears it only so, or too late."""
    if asked.reply_url is None or isinstance(reply, Conflict):
        return
    said = Reply(Message(reply.detail)) if isinstance(reply, ServiceError) else reply
    is_button = isinstance(asked, ActionRequest)
    replaces = is_button and not said.is_refusal
    try:
        if (
            replaces
            and isinstance(asked, ActionRequest)
            and desk.is_ours(asked.sender, asked.post_id)
        ):
            return
        desk.queue_answer(asked.sender, said.message, asked.reply_url, replaces=replaces)
    except ServiceError as error:
        _log.warning("no answer in chat", sender=asked.sender.label, reason=error.detail)


def _make_seal(desk: Desk, sender: Sender) -> Callable[[Button], str]:
    return make_seal(desk.vault, sender.platform, sender.team_id, sender.channel_id)
