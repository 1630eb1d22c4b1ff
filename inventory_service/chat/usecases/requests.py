# SPDX-License-Identifier: Apache-2.0
"""Requests of platforms: each is answered once."""

import hashlib
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from inventory_service.chat.domain.requests import MOST_AGE
from inventory_service.chat.models.identities import SeenChatRequest
from inventory_service.core.errors import Conflict

#: Longer than any request is taken, whichever way clocks are wrong.
_KEPT = MOST_AGE * 4


def note_request(session: Session, platform: str, key: str) -> None:
    """Record that a request is being answered.

    :raises Conflict: it was answered before: somebody has recorded it, and sent it again.
    """
    now = datetime.now(UTC)
    session.execute(delete(SeenChatRequest).where(SeenChatRequest.at < now - _KEPT))
    digest = hashlib.sha256(f"{platform}\n{key}".encode()).hexdigest()
    if session.get(SeenChatRequest, digest) is not None:
        raise Conflict("The same request was answered before. Send the command anew.")
    session.add(SeenChatRequest(key=digest, at=now))
