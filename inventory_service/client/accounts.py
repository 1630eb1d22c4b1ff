# SPDX-License-Identifier: Apache-2.0
"""Accounts, tokens and the audit over HTTP: who may use the service, and who did."""

from collections.abc import Iterator

from inventory_service.client.catalog import Catalog, Record, drop_none
from inventory_service.client.errors import Target
from inventory_service.client.transport import Transport, path_of

_TOKENS = "/api/v1/tokens"


class Accounts(Catalog):
    """People and programs, and what they may do in which projects."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "account")

    def disable(self, name: str, *, reason: str | None = None) -> Record:
        """Disable an account and return it: its tokens are refused at once."""
        return self._act(name, drop_none(reason=reason), "disablement")

    def enable(self, name: str, *, reason: str | None = None) -> Record:
        """Enable an account and return it."""
        return self._act(name, drop_none(reason=reason), "enablement")

    def grant(
        self, name: str, role: str, *, project: str | None = None, reason: str | None = None
    ) -> Record:
        """Grant a role to an account, in a project or in all of them, and return the account."""
        return self._act(name, drop_none(role=role, project=project, reason=reason), "roles")

    def revoke(
        self, name: str, role: str, *, project: str | None = None, reason: str | None = None
    ) -> Record:
        """Revoke a role of an account, just as it was granted, and return the account."""
        body = drop_none(role=role, project=project, reason=reason)
        return self._act(name, body, "roles", "revocation")


class Tokens:
    """By what accounts use the service; all of it needs the role admin."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, name: str, *, scope: str, account: str | None = None, expires_at: str | None = None
    ) -> Record:
        """Create a token and return it, with its secret: the only answer that ever has it.

        It is not repeated by itself, since the service keeps no answer that holds a secret.
        """
        body = {"name": name, "scope": scope, **drop_none(account=account, expires_at=expires_at)}
        target = Target("token", name)
        made: Record = self._transport.post(_TOKENS, target, body, is_repeatable=False)
        return made

    def iterate(self, *, sort: str | None = None, fields: str | None = None) -> Iterator[Record]:
        """Yield the tokens, never their secrets, page after page."""
        query = {"sort": sort, "fields": fields}
        return self._transport.items(_TOKENS, Target("token"), query)

    def revoke(self, token_id: str) -> Record:
        """Revoke a token now, and return it."""
        target = Target("token", token_id)
        path = path_of("tokens", target, "revocation")
        done: Record = self._transport.post(path, target, is_repeatable=False)
        return done


class Audit:
    """Who did what, and who was refused what; it needs the role admin."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def iterate(self, *, limit: int | None = None, **filters: str) -> Iterator[Record]:
        """Yield records, the newest first; filters are those of the API, like `actor`."""
        return self._transport.items("/api/v1/audit", Target("audit", ""), filters, limit=limit)
