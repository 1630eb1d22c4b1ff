# SPDX-License-Identifier: Apache-2.0
"""Tokens that were looked up since the last commit: to look again would cost more than a request.

Nothing is kept beyond a commit, whoever makes it: a revoked token is refused by the next request
(docs/decisions/0012-tokens-until-the-next-commit.md).
"""

from inventory_service.core.database.engine import Database
from inventory_service.identity.usecases import KnownToken, find_token


class KnownTokens:
    """What is on record of tokens, as of now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: What was read after a mark, and is true until there is another one.
        self._kept: tuple[object, dict[str, KnownToken]] = (None, {})

    def find(self, token_id: str) -> KnownToken | None:
        """Return what is on record of a token.

        :raises Unavailable: the database does not answer.
        """
        mark = self._database.get_mark()
        kept_at, kept = self._kept
        if mark is None or mark != kept_at:
            kept = {}
        token = kept.get(token_id)
        if token is None:
            with self._database.reading() as session:
                token = find_token(session, token_id)
            # Strangers' guesses would fill memory.
            if token is not None and mark is not None:
                kept[token_id] = token
                self._kept = mark, kept
        return token
