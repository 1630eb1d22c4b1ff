# SPDX-License-Identifier: Apache-2.0
"""Routes of API tokens."""

from datetime import datetime
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from inventory_service.core.actors import Role, Scope
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.core.inputs import Input
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading, writing
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.models.tokens import Token
from inventory_service.identity.usecases import tokens as acts

routes = APIBlueprint(
    "tokens",
    __name__,
    url_prefix="/api/v1/tokens",
    abp_tags=[Tag(name="tokens")],
    abp_security=SECURITY,
)


class TokenOut(BaseModel):
    """A token, without its secret."""

    token_id: str
    name: str
    account: str
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


class NewTokenOut(TokenOut):
    """A new token, with its secret."""

    token: str = Field(description="shown only in this answer")


LISTING = ListSpec(
    Token,
    TokenOut,
    tiebreakers=("token_id",),
    sortable=("token_id", "name", "account", "scope", "created_at", "expires_at", "revoked_at"),
)


class TokenQuery(ListQuery):
    """The page, order and fields of the list of tokens."""

    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


class TokenPath(BaseModel):
    """The token of a path."""

    token_id: str = Field(max_length=255)


class RevocationRequest(Input):
    """An empty object: a revocation needs no data."""


@routes.get("", summary="List tokens", responses={200: page_of(TokenOut)})
@require_role(Role.ADMIN)
def list_tokens(query: TokenQuery) -> Response:
    """Tokens without their secrets, revoked ones too."""
    with reading() as session:
        tokens = acts.list_tokens(session, LISTING.read(query))
        return LISTING.answer(query, tokens, lambda token: token.as_dict())


@routes.post("", summary="Create a token", responses={201: NewTokenOut})
@require_role(Role.ADMIN)
@raises(Conflict, NotFound)
def create_token(body: TokenRequest) -> Response:
    """The answer holds the token itself, which is not stored and not shown again."""
    with writing() as session:
        token, text = acts.create_token(session, get_actor(), body)
    response = json_response(token.as_dict() | {"token": text}, HTTPStatus.CREATED)
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.post("/<token_id>/revocation", summary="Revoke a token", responses={201: TokenOut})
@require_role(Role.ADMIN)
@raises(NotFound)
def revoke_token(path: TokenPath, body: RevocationRequest) -> Response:  # noqa: ARG001 - an empty object
    """The token is invalid from now on."""
    with writing() as session:
        token = acts.revoke_token(session, get_actor(), path.token_id)
    return resource_response(token, HTTPStatus.CREATED)
