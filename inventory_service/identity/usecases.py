# SPDX-License-Identifier: Apache-2.0
"""Acts on API tokens: create, check, revoke, list."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import record
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import BadInput, Conflict, FieldError, NotFound, Unauthorized
from inventory_service.core.pagination import Page
from inventory_service.identity.domain import (
    TokenRequest,
    is_live,
    is_same,
    make_token,
    parse_token,
)
from inventory_service.identity.models import Token

_COLUMNS = Token.__table__.c
#: It runs for each request: an object of the session would cost more than all else of the look.
_FIND = select(
    _COLUMNS.name, _COLUMNS.scope, _COLUMNS.digest, _COLUMNS.expires_at, _COLUMNS.revoked_at
).where(_COLUMNS.token_id == bindparam("token_id"))

#: The same for each reason: a stranger learns nothing about which tokens there are.
_NOT_VALID = (
    "The token is not valid: unknown, revoked or expired. `qm token create` makes a new one."
)


class KnownToken(NamedTuple):
    """What decides who shows a token."""

    name: str
    scope: str
    digest: str
    expires_at: datetime | None
    revoked_at: datetime | None


def create_token(session: Session, actor: Actor, request: TokenRequest) -> tuple[Token, str]:
    """Return a new token and its text, which can't be had a second time.

    :raises BadInput: its end has passed already.
    :raises Conflict: a live token has that name.
    """
    now = datetime.now(UTC)
    if request.expires_at is not None and request.expires_at <= now:
        raise BadInput(
            "The token would have expired already.",
            field_errors=[FieldError("expires_at", "lies in the past")],
        )
    same = session.scalars(select(Token).where(Token.name == request.name)).all()
    if any(
        is_live(expires_at=token.expires_at, revoked_at=token.revoked_at, now=now) for token in same
    ):
        raise Conflict(
            f"There is a live token '{request.name}' already. Revoke it, or choose another name."
        )
    made = make_token()
    token = Token(
        token_id=made.token_id,
        name=request.name,
        scope=request.scope.value,
        digest=made.digest,
        created_at=now,
        created_by=actor.name,
        expires_at=request.expires_at,
    )
    session.add(token)
    record(
        session,
        actor,
        "create",
        "token",
        made.token_id,
        after={"name": request.name, "scope": request.scope.value},
    )
    session.flush()
    return token, made.text


def find_token(session: Session, token_id: str) -> KnownToken | None:
    """Return what is on record of a token, live or not."""
    found = session.execute(_FIND, {"token_id": token_id}).one_or_none()
    return None if found is None else KnownToken(*found)


def authenticate(text: str, channel: Channel, find: Callable[[str], KnownToken | None]) -> Actor:
    """Return who shows this token, of which `find` gives what is on record by its id.

    :raises Unauthorized: it is no token of ours, or was revoked, or has expired; of the last
        two it says whose it was.
    """
    parsed = parse_token(text)
    token = find(parsed[0]) if parsed else None
    if parsed is None or token is None or not is_same(token.digest, parsed[1]):
        raise Unauthorized(_NOT_VALID)
    actor = Actor(token.name, channel, Scope(token.scope))
    if not is_live(expires_at=token.expires_at, revoked_at=token.revoked_at, now=datetime.now(UTC)):
        end = "was revoked" if token.revoked_at else "expired"
        raise Unauthorized(_NOT_VALID, ended=actor, why=f"The token {parsed[0]} {end}.")
    return actor


def revoke_token(session: Session, actor: Actor, token_id: str) -> Token:
    """End a token at once; a token that is revoked already stays as it is.

    :raises NotFound: no such token.
    """
    token = session.get(Token, token_id)
    if token is None:
        raise NotFound(
            f"There is no token '{token_id[:64]}'. `qm token list` shows those that there are."
        )
    token.revoke(actor)
    return token


def list_tokens(session: Session, page: Page) -> Sequence[Token]:
    """Return a page of tokens."""
    return read_page(session, Token, select(Token), page)


def count_tokens(session: Session) -> int:
    """Return how many tokens were ever made."""
    return session.execute(select(func.count()).select_from(Token)).scalar_one()
