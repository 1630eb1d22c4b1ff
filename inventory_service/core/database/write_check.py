# SPDX-License-Identifier: Apache-2.0
"""A write that proves that the database takes changes, and leaves no row behind."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Executable, delete, insert

from inventory_service.core.idempotency import IdempotentResponse

#: A disk that is full may still have room for a small change; random bytes can't be compressed.
_SIZE_BYTES = 64 * 1024
_ACTOR = "probe"


def make_write_check() -> Iterator[Executable]:
    """Yield two statements, each for a transaction of its own: an insert and its delete.

    If the service is killed between them, the row is pruned like an expired answer.
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
