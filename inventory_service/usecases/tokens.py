# SPDX-License-Identifier: Apache-2.0
"""Acts on API tokens: create, check, revoke, list."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor, Scope
from inventory_service.domain.errors import BadInput, Conflict, Fault, NotFound
from inventory_service.domain.pages import Page
from inventory_service.domain.tokens import (
    Account,
    Presented,
    TokenRequest,
    is_live,
    is_same,
    make_token,
)
from inventory_service.storage.models import Token, record
from inventory_service.storage.queries.pages import read_page

#: Made once: it runs for each request.
_FIND = select(
    Token.token_id, Token.name, Token.scope, Token.digest, Token.expires_at, Token.revoked_at
).where(Token.token_id.in_(bindparam("token_ids", expanding=True)))


def create_token(session: Session, actor: Actor, request: TokenRequest) -> tuple[Token, str]:
    """Return a new token and its text, which can't be had a second time.

    :raises BadInput: its end has passed already.
    :raises Conflict: a live token has that name.
    """
    now = datetime.now(UTC)
    if request.expires_at is not None and request.expires_at <= now:
        raise BadInput(
            "The token would have expired already.",
            faults=[Fault("expires_at", "lies in the past")],
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


def find_accounts(session: Session, presented: Collection[Presented]) -> dict[Presented, Account]:
    """Return the accounts of those tokens that are ours, not revoked and not expired."""
    now = datetime.now(UTC)
    rows = session.execute(_FIND, {"token_ids": [token_id for token_id, _ in presented]})
    tokens = {row.token_id: row for row in rows}
    return {
        (token_id, digest): Account(token.name, Scope(token.scope))
        for token_id, digest in presented
        if (token := tokens.get(token_id)) is not None
        and is_same(token.digest, digest)
        and is_live(expires_at=token.expires_at, revoked_at=token.revoked_at, now=now)
    }


def revoke_token(session: Session, actor: Actor, token_id: str) -> Token:
    """End a token at once; a token that is revoked already stays as it is.

    :raises NotFound: no such token.
    """
    token = session.get(Token, token_id)
    if token is None:
        raise NotFound(
            f"There is no token '{token_id[:64]}'. `qm token list` shows those that there are."
        )
    if token.revoked_at is None:
        entry = record(session, actor, "revoke", "token", token_id)
        token.revoked_at, token.revoked_by = entry.at, actor.name
    return token


def list_tokens(session: Session, page: Page) -> Sequence[Token]:
    """Return a page of tokens."""
    return read_page(session, Token, select(Token), page)


def count_tokens(session: Session) -> int:
    """Return how many tokens were ever made."""
    return session.execute(select(func.count()).select_from(Token)).scalar_one()
