# SPDX-License-Identifier: Apache-2.0
"""Acts on API tokens: create, revoke, list."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Role, Scope
from inventory_service.core.audit_log import record
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import BadInput, Conflict, FieldError, NotFound
from inventory_service.core.pagination import Page
from inventory_service.identity.domain.tokens import TokenRequest, is_live, make_token
from inventory_service.identity.models.accounts import Account
from inventory_service.identity.models.tokens import Token
from inventory_service.identity.usecases.accounts import get_account, provide_account


def create_token(session: Session, actor: Actor, request: TokenRequest) -> tuple[Token, str]:
    """Return a new token of an account and its text, which is not stored.

    Without an account it belongs to that of its own name, which is made if there is none, with the
    roles of the token's scope in all projects.

    :raises NotFound: there is no account of the name that is asked for.
    :raises BadInput: its expiry is in the past.
    :raises Conflict: a live token has that name; the account is disabled, or has no role that the
        scope would let the token use.
    """
    now = datetime.now(UTC)
    if request.expires_at is not None and request.expires_at <= now:
        raise BadInput(
            "The token would have expired already.",
            field_errors=[FieldError("expires_at", "lies in the past")],
        )
    _check_name(session, request.name, now)
    if request.account is None:
        account = provide_account(session, actor, request.name, request.scope)
    else:
        account = get_account(session, request.account)
    _check_account(account, request.scope)
    return issue_token(session, actor, account.account, request)


def issue_token(
    session: Session, actor: Actor, account: str, request: TokenRequest
) -> tuple[Token, str]:
    """Return a new token of an account and its text; what `create_token` checks was checked."""
    made = make_token()
    after = {"name": request.name, "account": account, "scope": request.scope.value}
    entry = record(session, actor, "create", "token", made.token_id, after=after)
    token = Token(
        token_id=made.token_id,
        name=request.name,
        account=account,
        scope=request.scope.value,
        digest=made.digest,
        created_at=entry.at,
        created_by=actor.account,
        expires_at=request.expires_at,
    )
    session.add(token)
    session.flush()
    return token, made.text


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


def _check_name(session: Session, name: str, now: datetime) -> None:
    same = session.scalars(select(Token).where(Token.name == name)).all()
    if any(
        is_live(expires_at=token.expires_at, revoked_at=token.revoked_at, now=now) for token in same
    ):
        raise Conflict(
            f"There is a live token '{name}' already. Revoke it, or choose another name."
        )


def _check_account(account: Account, scope: Scope) -> None:
    """Refuse a token that could do nothing of what its scope says."""
    name = account.account
    if account.disabled_at is not None:
        raise Conflict(f"Account '{name}' is disabled. To enable it: qm account enable {name}")
    needed = Role(scope.value)
    if not any(role.includes(needed) for role, _ in account.grants):
        raise Conflict(
            f"Account '{name}' has not the role {needed}, which a token of the scope {scope} is "
            f"for. Choose a narrower scope, or grant the role first: qm account grant {name} "
            f"{needed}"
        )
