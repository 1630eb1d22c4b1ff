# SPDX-License-Identifier: Apache-2.0
"""A change that proves that the database takes changes, and leaves nothing behind."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Executable, delete, insert

from inventory_service.core.idempotency import IdempotentResponse

#: A disk that is full may still have room for a small change; random bytes can't be packed.
_SIZE_BYTES = 64 * 1024
_ACTOR = "probe"


def make_write_check() -> Iterator[Executable]:
    """Yield two statements, each for a transaction of its own: one makes a row, one removes it.

    A row that is left over, because the service was killed between them, goes as old answers go.
    """
    key = secrets.token_hex(16)
    yield insert(IdempotentResponse).values(
        actor=_ACTOR,
        key=key,
        fingerprint="",
        status=0,
        headers={},
        body=secrets.token_bytes(_SIZE_BYTES),
        created_at=datetime.now(UTC),
    )
    yield delete(IdempotentResponse).where(
        IdempotentResponse.actor == _ACTOR, IdempotentResponse.key == key
    )
