# SPDX-License-Identifier: Apache-2.0
"""Routes of the platforms: slash commands and pressed buttons, each verified by its platform."""

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from werkzeug.exceptions import RequestEntityTooLarge

from inventory_service.chat.domain.platforms import Headers
from inventory_service.chat.doors import Doors
from inventory_service.chat.forms import MOST_BYTES
from inventory_service.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    Unauthorized,
    Unavailable,
)
from inventory_service.http.auth import public, takes_any_body
from inventory_service.http.dependencies import get_component
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response

routes = APIBlueprint("chat", __name__, url_prefix="/api/v1/chat", abp_tags=[Tag(name="chat")])
_ERRORS = (BadInput, Conflict, Forbidden, NotFound, Unauthorized, Unavailable)


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
    doors = get_component(Doors)
    return json_response(doors.take_command(path.platform, _read_headers(), _read_body()))


@routes.post("/<platform>/actions", summary="Take a pressed button", responses={200: AnswerOut})
@public
@takes_any_body
@raises(*_ERRORS)
def take_action(path: PlatformPath) -> Response:
    """Signed by Slack, or sealed by this service; answered within three seconds."""
    doors = get_component(Doors)
    return json_response(doors.take_action(path.platform, _read_headers(), _read_body()))


def _read_headers() -> Headers:
    return {name.lower(): value for name, value in request.headers.items()}


def _read_body() -> bytes:
    # Not more than is said is read.
    if (request.content_length or 0) <= MOST_BYTES:
        body = request.get_data()
        if len(body) <= MOST_BYTES:
            return body
    raise RequestEntityTooLarge
