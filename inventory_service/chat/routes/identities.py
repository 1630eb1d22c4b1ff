# SPDX-License-Identifier: Apache-2.0
"""Routes of identities: who of a platform acts for which account."""

from datetime import datetime
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.chat.domain.identities import (
    IdentityRegistration,
    IdentityRemoval,
    LinkConfirmation,
    PlatformName,
)
from inventory_service.chat.models.identities import ChatIdentity
from inventory_service.chat.usecases import identities as acts
from inventory_service.core.actors import Role, Scope
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor
from inventory_service.http.idempotency import transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "chat_identities",
    __name__,
    url_prefix="/api/v1/chat",
    abp_tags=[Tag(name="chat")],
    abp_security=SECURITY,
)


class IdentityOut(BaseModel):
    """A user of a platform, who acts for an account."""

    id: int
    platform: PlatformName
    team_id: str
    user_id: str
    account: str
    scope: Scope = Field(description="how much of the account's rights is used from chat")
    created_at: datetime
    created_by: str
    revision: int


class LinkOut(BaseModel):
    """The user of a platform who was shown a code."""

    platform: PlatformName
    team_id: str
    user_id: str
    user_name: str = Field(description="as the platform writes it; it proves nothing")
    expires_at: datetime


LISTING = ListSpec(
    ChatIdentity,
    IdentityOut,
    tiebreakers=("id",),
    sortable=("id", "platform", "account", "created_at"),
)


class IdentityQuery(ListQuery):
    """The page, order and fields of the list of identities."""

    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


class IdentityPath(BaseModel):
    """The identity of a path."""

    identity_id: int = Field(ge=1, le=2**31 - 1)


class CodePath(BaseModel):
    """The code of a path."""

    code: str = Field(max_length=64)


@routes.get("/identities", summary="List identities of chat", responses={200: page_of(IdentityOut)})
@require_role(Role.ADMIN)
def list_identities(query: IdentityQuery) -> Response:
    """Who of which platform acts for which account."""
    with reading() as session:
        found = acts.list_identities(session, LISTING.read(query))
        return LISTING.answer(query, found, lambda one: one.as_dict())


@routes.post("/identities", summary="Register an identity of chat", responses={201: IdentityOut})
@require_role(Role.ADMIN)
@raises(NotFound, Conflict)
@transactional
def register_identity(session: Session, body: IdentityRegistration) -> Response:
    """The user acts for the account from now on, at most with the scope operator."""
    made = acts.register_identity(session, get_actor(), body)
    return resource_response(made, HTTPStatus.CREATED)


@routes.get(
    "/identities/<identity_id>",
    summary="Show an identity of chat",
    responses={200: IdentityOut},
)
@require_role(Role.ADMIN)
@raises(NotFound)
def show_identity(path: IdentityPath) -> Response:
    """Which user it is, and for which account that one acts."""
    with reading() as session:
        return resource_response(acts.get_identity(session, path.identity_id))


@routes.post(
    "/identities/<identity_id>/removal",
    summary="Remove an identity of chat",
    responses={201: IdentityOut},
)
@require_role(Role.ADMIN)
@raises(NotFound)
@transactional
def remove_identity(session: Session, path: IdentityPath, body: IdentityRemoval) -> Response:
    """The user has no rights from now on; the answer is what the identity was."""
    gone = acts.remove_identity(session, get_actor(), path.identity_id, body.reason)
    return json_response(gone.as_dict(), HTTPStatus.CREATED)


@routes.get("/links/<code>", summary="Show whom a code links", responses={200: LinkOut})
@require_role(Role.VIEWER)
@raises(NotFound, BadInput)
def show_link(path: CodePath) -> Response:
    """The user of a platform who was shown the code, to be compared before it is confirmed."""
    with reading() as session:
        return json_response(acts.get_code(session, path.code).as_dict())


@routes.post(
    "/links", summary="Link a user of chat with your account", responses={201: IdentityOut}
)
@require_role(Role.VIEWER)
@raises(NotFound, Conflict, Forbidden)
@transactional
def confirm_link(session: Session, body: LinkConfirmation) -> Response:
    """By the code that `/qm link` has shown; the user acts at most with the scope of this token."""
    made = acts.confirm_link(session, get_actor(), body)
    return resource_response(made, HTTPStatus.CREATED)
