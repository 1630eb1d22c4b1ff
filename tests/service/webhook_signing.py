# SPDX-License-Identifier: Apache-2.0
"""Requests signed as other programs sign them, by words of their own documents."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

from inventory_service.webhooks.domain.signatures import WebhookKind

Sign = Callable[[str, bytes, int, str], dict[str, str]]


def sign_own(secret: str, body: bytes, moment: int, _delivery: str) -> dict[str, str]:
    text = f"{moment}.".encode() + body
    signed = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {"X-Quartermaster-Signature": f"t={moment},v1={signed}"}


def sign_standard(secret: str, body: bytes, moment: int, delivery: str) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{delivery}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def sign_github(secret: str, body: bytes, _moment: int, delivery: str) -> dict[str, str]:
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signed}", "X-GitHub-Delivery": delivery}


def sign_gitlab(secret: str, _body: bytes, _moment: int, delivery: str) -> dict[str, str]:
    return {"X-Gitlab-Token": secret, "X-Gitlab-Event-UUID": delivery}


def sign_bearer(secret: str, _body: bytes, _moment: int, delivery: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Idempotency-Key": delivery}


SIGN: Mapping[WebhookKind, Sign] = {
    WebhookKind.QUARTERMASTER: sign_own,
    WebhookKind.STANDARD: sign_standard,
    WebhookKind.GITHUB: sign_github,
    WebhookKind.GITLAB: sign_gitlab,
    WebhookKind.BEARER: sign_bearer,
}
