# SPDX-License-Identifier: Apache-2.0
"""Who acts by the text of a token."""

from collections.abc import Callable
from datetime import UTC, datetime

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.errors import Unauthorized
from inventory_service.identity.domain.tokens import digest, is_live, is_same, parse_token
from inventory_service.identity.queries import KnownToken

#: One text for each reason, so that a stranger can't find out which tokens exist.
_NO_DIGEST = digest("")
_NOT_VALID = (
    "The token is not valid: unknown, revoked or expired, or its account is disabled. `qm token "
    "create` makes a new one."
)


def authenticate(text: str, channel: Channel, find: Callable[[str], KnownToken | None]) -> Actor:
    """Return the actor of a token's text; ``find`` looks a token up by its id.

    :raises Unauthorized: the token is unknown, revoked or expired, or its account is disabled;
        ``ended`` is its actor except in the first case.
    """
    parsed = parse_token(text)
    if parsed is None:
        raise Unauthorized(_NOT_VALID)
    token = find(parsed[0])
    # Compared for an unknown id as well: the time of the answer must not say whether there is one.
    is_right = is_same(token.digest if token else _NO_DIGEST, parsed[1])
    if token is None or not is_right:
        raise Unauthorized(_NOT_VALID)
    actor = Actor(token.account, channel, Scope(token.scope), token.grants, token.name)
    if not is_live(expires_at=token.expires_at, revoked_at=token.revoked_at, now=datetime.now(UTC)):
        end = "was revoked" if token.revoked_at else "expired"
        raise Unauthorized(_NOT_VALID, ended=actor, why=f"The token {parsed[0]} {end}.")
    if token.disabled_at is not None:
        why = f"The account '{token.account}' is disabled."
        raise Unauthorized(_NOT_VALID, ended=actor, why=why)
    return actor
