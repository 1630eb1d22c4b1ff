# SPDX-License-Identifier: Apache-2.0
"""Messages as webhooks: JSON, signed where there is a secret."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime

from inventory_service.notifications.domain.deliveries import Outcome
from inventory_service.notifications.domain.messages import Message
from inventory_service.notifications.senders.posts import Poster

SIGNATURE_HEADER = "X-Quartermaster-Signature"
DELIVERY_HEADER = "X-Quartermaster-Delivery"


def send_webhook(
    poster: Poster,
    message: Message,
    url: str,
    secret: str | None,
    *,
    now: Callable[[], float] = time.time,
) -> Outcome:
    """Send a message as JSON; its delivery id is the same each time that it is sent."""
    body = json.dumps(message.as_dict(), default=_write_time).encode()
    headers = {DELIVERY_HEADER: str(message.delivery_id)}
    if secret:
        headers[SIGNATURE_HEADER] = sign(secret, body, round(now()))
    return poster.post(url, body, headers)


def sign(secret: str, body: bytes, moment: int) -> str:
    """Return the signature: HMAC-SHA256 of `MOMENT.BODY`, with the moment in seconds.

    The moment is signed too, so that whoever gets it can refuse what was recorded and sent again.
    """
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"


def _write_time(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
