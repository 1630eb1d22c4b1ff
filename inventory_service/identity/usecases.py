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
    digest,
    is_live,
    is_same,
    make_token,
    parse_token,
)
from inventory_service.identity.models import Token

_COLUMNS = Token.__table__.c
#: Runs for each request: loading an object would take longer than the query.
_FIND = select(
    _COLUMNS.name, _COLUMNS.scope, _COLUMNS.digest, _COLUMNS.expires_at, _COLUMNS.revoked_at
).where(_COLUMNS.token_id == bindparam("token_id"))

#: One text for each reason, so that a stranger can't find out which tokens exist.
_NO_DIGEST = digest("")
_NOT_VALID = (
    "The token is not valid: unknown, revoked or expired. `qm token create` makes a new one."
)


class KnownToken(NamedTuple):
    """The columns of a token that authentication needs."""

    name: str
    scope: str
    digest: str
    expires_at: datetime | None
    revoked_at: datetime | None


def create_token(session: Session, actor: Actor, request: TokenRequest) -> tuple[Token, str]:
    """Return a new token and its text, which is not stored.

    :raises BadInput: its expiry is in the past.
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
    """Return a token by its id, live or not, or None."""
    found = session.execute(_FIND, {"token_id": token_id}).one_or_none()
    return None if found is None else KnownToken(*found)


def authenticate(text: str, channel: Channel, find: Callable[[str], KnownToken | None]) -> Actor:
    """Return the actor of a token's text; ``find`` looks a token up by its id.

    :raises Unauthorized: the token is unknown, revoked or expired; ``ended`` is its actor in the
        last two cases.
    """
    parsed = parse_token(text)
    if parsed is None:
        raise Unauthorized(_NOT_VALID)
    token = find(parsed[0])
    # Compared for an unknown id as well: the time of the answer must not say whether there is one.
    is_right = is_same(token.digest if token else _NO_DIGEST, parsed[1])
    if token is None or not is_right:
        raise Unauthorized(_NOT_VALID)
    actor = Actor(token.name, channel, Scope(token.scope))
    if not is_live(expires_at=token.expires_at, revoked_at=token.revoked_at, now=datetime.now(UTC)):
        end = "was revoked" if token.revoked_at else "expired"
        raise Unauthorized(_NOT_VALID, ended=actor, why=f"The token {parsed[0]} {end}.")
    return actor


def revoke_token(session: Session, actor: Actor, token_id: str) -> Token:
    """Return the token, revoked now or before.

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
    """Return the number of all tokens, revoked and expired ones included."""
    return session.execute(select(func.count()).select_from(Token)).scalar_one()
