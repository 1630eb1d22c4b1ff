# SPDX-License-Identifier: Apache-2.0
"""API tokens: shown once, kept only as a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from inventory_service.core.actors import Scope
from inventory_service.core.field_types import Label, Moment
from inventory_service.core.inputs import Input
from inventory_service.identity.domain.accounts import AccountName

_TEXT = re.compile(r"qm_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\Z")


class TokenRequest(Input):
    """A request for a token: its name in the audit log, its account, scope and expiry."""

    name: Label
    account: AccountName | None = Field(
        default=None,
        description="to whom it belongs; null for the account of the token's own name, which is "
        "made with the roles of the scope if there is none",
    )
    scope: Scope = Field(
        default=Scope.VIEWER, description="how much of its account's roles it may use"
    )
    expires_at: Moment | None = Field(default=None, description="UTC; null for no expiry")


@dataclass(frozen=True)
class NewToken:
    """A new token: ``text`` is shown to its owner, once."""

    token_id: str
    text: str
    digest: str


def make_token() -> NewToken:
    """Return a new token of 256 random bits.

    A plain SHA-256 is enough for it: unlike a password, it can't be guessed from a list.
    """
    token_id = secrets.token_hex(6)
    secret = secrets.token_urlsafe(32)
    return NewToken(token_id, f"qm_{token_id}_{secret}", digest(secret))


def digest(secret: str) -> str:
    """Return the hash of a token's secret part, as it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def parse_token(text: str) -> tuple[str, str] | None:
    """Return (token id, digest of the secret), or None if the text is no token."""
    match = _TEXT.match(text)
    return (match[1], digest(match[2])) if match else None


def is_same(kept: str, presented: str) -> bool:
    """Return whether two digests are equal, compared in constant time."""
    return hmac.compare_digest(kept, presented)


def is_live(*, expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> bool:
    """Return whether a token is neither revoked nor expired."""
    return revoked_at is None and (expires_at is None or now < expires_at)
