# SPDX-License-Identifier: Apache-2.0
"""Routes of accounts and their roles, and of who asks.

GET   /api/v1/accounts                             list
POST  /api/v1/accounts                             register
GET   /api/v1/accounts/<account>                   show
PATCH /api/v1/accounts/<account>                   change
POST  /api/v1/accounts/<account>/disablement       disable
POST  /api/v1/accounts/<account>/enablement        enable
POST  /api/v1/accounts/<account>/roles             grant a role
POST  /api/v1/accounts/<account>/roles/revocation  revoke a role
GET   /api/v1/whoami                               who asks
"""

from datetime import datetime
from http import HTTPStatus

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role, Scope
from inventory_service.core.errors import Conflict, NotFound, PreconditionFailed
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor
from inventory_service.http.idempotency import read_expected, transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response, resource_response
from inventory_service.http.transactions import reading
from inventory_service.identity.domain.accounts import (
    AccountChange,
    AccountKind,
    AccountReason,
    AccountRegistration,
    RoleRequest,
)
from inventory_service.identity.models.accounts import Account
from inventory_service.identity.usecases import accounts as acts

PREFIX = "/api/v1/accounts"
TAG = Tag(name="accounts")
routes = APIBlueprint(
    "accounts", __name__, url_prefix=PREFIX, abp_tags=[TAG], abp_security=SECURITY
)
whoami_routes = APIBlueprint(
    "whoami", __name__, url_prefix="/api/v1/whoami", abp_tags=[TAG], abp_security=SECURITY
)


class GrantOut(BaseModel):
    """A role, and where it holds."""

    role: Role
    project: str | None = Field(description="null for all projects, and for what belongs to none")


class AccountOut(BaseModel):
    """A person or a program, and its roles."""

    account: str
    kind: AccountKind
    description: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = Field(description="while it is set, its tokens are refused")
    disabled_by: str | None
    roles: list[GrantOut]
    revision: int


class WhoamiOut(BaseModel):
    """Who asks, by which token, and what that may do."""

    account: str
    token: str | None
    scope: Scope = Field(description="how much of the roles the token may use")
    roles: list[GrantOut]


LISTING = ListSpec(
    Account,
    AccountOut,
    tiebreakers=("account",),
    sortable=("account", "kind", "created_at", "disabled_at"),
)


class AccountQuery(ListQuery):
    """The page, order and fields of the list of accounts."""

    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()


class AccountPath(BaseModel):
    """The account of a path."""

    account: str = Field(max_length=255)


@routes.get("", summary="List accounts", responses={200: page_of(AccountOut)})
@require_role(Role.ADMIN)
def list_accounts(query: AccountQuery) -> Response:
    """People and programs with their roles, disabled ones too."""
    with reading() as session:
        accounts = acts.list_accounts(session, LISTING.read(query))
        return LISTING.answer(query, accounts, lambda account: account.as_dict())


@routes.post("", summary="Register an account", responses={201: AccountOut})
@require_role(Role.ADMIN)
@transactional
def register(session: Session, body: AccountRegistration) -> Response:
    """It has no role yet, and no token; its name is not given again."""
    account = acts.register_account(session, get_actor(), body)
    location = f"{PREFIX}/{account.account}"
    return resource_response(account, HTTPStatus.CREATED, location=location)


@routes.get("/<account>", summary="Show an account", responses={200: AccountOut})
@require_role(Role.ADMIN)
@raises(NotFound)
def show(path: AccountPath) -> Response:
    """The account and its roles as they are now."""
    with reading() as session:
        return resource_response(acts.get_account(session, path.account))


@routes.patch("/<account>", summary="Change an account", responses={200: AccountOut})
@require_role(Role.ADMIN)
@raises(NotFound, PreconditionFailed)
@transactional
def change(session: Session, path: AccountPath, body: AccountChange) -> Response:
    """What is left out stays as it is."""
    expected = read_expected()
    account = acts.change_account(session, get_actor(), path.account, body, expected=expected)
    return resource_response(account)


@routes.post("/<account>/disablement", summary="Disable an account", responses={201: AccountOut})
@require_role(Role.ADMIN)
@raises(NotFound, Conflict)
@transactional
def disable(session: Session, path: AccountPath, body: AccountReason) -> Response:
    """Its tokens are refused from now on, and its schedules do not fire."""
    account = acts.disable_account(session, get_actor(), path.account, body.reason)
    return resource_response(account, HTTPStatus.CREATED)


@routes.post("/<account>/enablement", summary="Enable an account", responses={201: AccountOut})
@require_role(Role.ADMIN)
@raises(NotFound)
@transactional
def enable(session: Session, path: AccountPath, body: AccountReason) -> Response:
    """Its tokens are good again, unless they were revoked or have expired."""
    account = acts.enable_account(session, get_actor(), path.account, body.reason)
    return resource_response(account, HTTPStatus.CREATED)


@routes.post("/<account>/roles", summary="Grant a role", responses={201: AccountOut})
@require_role(Role.ADMIN)
@raises(NotFound)
@transactional
def grant_role(session: Session, path: AccountPath, body: RoleRequest) -> Response:
    """It holds from the next request on; one that the account has already stays as it is."""
    account = acts.grant_role(session, get_actor(), path.account, body)
    return resource_response(account, HTTPStatus.CREATED)


@routes.post("/<account>/roles/revocation", summary="Revoke a role", responses={201: AccountOut})
@require_role(Role.ADMIN)
@raises(NotFound, Conflict)
@transactional
def revoke_role(session: Session, path: AccountPath, body: RoleRequest) -> Response:
    """It must have been granted just so; the last admin of all projects keeps that role."""
    account = acts.revoke_role(session, get_actor(), path.account, body)
    return resource_response(account, HTTPStatus.CREATED)


@whoami_routes.get("", summary="Show who asks", responses={200: WhoamiOut})
@require_role(Role.VIEWER)
def whoami() -> Response:
    """The account of the token, and what it may do where, as far as the token's scope lets it."""
    with reading():
        return json_response(acts.describe_actor(get_actor()))
