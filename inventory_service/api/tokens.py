# SPDX-License-Identifier: Apache-2.0
"""Routes of API tokens."""

from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import (
    PageQuery,
    answer,
    answer_page,
    answer_thing,
    read_cursor,
)
from inventory_service.api.parts import get_actor, get_database
from inventory_service.api.views import NewTokenView, TokenPage, TokenView
from inventory_service.domain.actors import Scope
from inventory_service.domain.tokens import TokenRequest
from inventory_service.usecases import tokens as acts

routes = APIBlueprint(
    "tokens",
    __name__,
    url_prefix="/api/v1/tokens",
    abp_tags=[Tag(name="tokens")],
    abp_security=SECURITY,
)


class TokenPath(BaseModel):
    """Which token."""

    token_id: str = Field(max_length=255)


class RevocationRequest(BaseModel):
    """Nothing needs to be said to end a token."""

    model_config = ConfigDict(extra="forbid")


@routes.get("", summary="List tokens", responses={200: TokenPage})
@needs(Scope.ADMIN)
def list_tokens(query: PageQuery) -> Response:
    """Tokens without their secrets, revoked ones too."""
    after = read_cursor(query, str)
    with get_database().reading() as session:
        tokens = acts.list_tokens(session, after=after[0] if after else None, limit=query.limit + 1)
        return answer_page(tokens, query.limit, lambda token: (token.token_id,))


@routes.post("", summary="Create a token", responses={201: NewTokenView})
@needs(Scope.ADMIN)
def create_token(body: TokenRequest) -> Response:
    """The answer holds the token itself, which is kept nowhere."""
    with get_database().writing() as session:
        token, text = acts.create_token(session, get_actor(), body)
    response = answer(token.as_dict() | {"token": text}, HTTPStatus.CREATED)
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.post("/<token_id>/revocation", summary="Revoke a token", responses={201: TokenView})
@needs(Scope.ADMIN)
def revoke_token(path: TokenPath, body: RevocationRequest) -> Response:  # noqa: ARG001 - an empty object
    """The token ends at once."""
    with get_database().writing() as session:
        token = acts.revoke_token(session, get_actor(), path.token_id)
    return answer_thing(token, HTTPStatus.CREATED)
