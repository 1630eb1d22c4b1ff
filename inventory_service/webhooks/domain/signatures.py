# SPDX-License-Identifier: Apache-2.0
"""Signatures of requests from outside, in the forms that other programs send.

- `quartermaster`: `X-Quartermaster-Signature: t=SECONDS,v1=HEX`, as our own notifications have it.
- `standard`: `webhook-id`, `webhook-timestamp`, `webhook-signature` (standardwebhooks.com, 1.0).
- `github`: `X-Hub-Signature-256` (docs.github.com, Validating webhook deliveries).
- `gitlab`: `X-Gitlab-Token`, and `bearer`: `Authorization: Bearer`. They send the secret itself,
  and prove nothing about the body.
"""

import base64
import enum
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from inventory_service.core.errors import Unauthorized

#: How far the time of a signature may be from ours.
TOLERANCE_S = 300
_OWN = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})\Z")
_SECONDS = re.compile(r"[0-9]{1,12}\Z")
_STANDARD_PREFIX = "whsec_"


class WebhookKind(enum.StrEnum):
    """Who sends the requests, which decides how they are signed."""

    QUARTERMASTER = "quartermaster"
    STANDARD = "standard"
    GITHUB = "github"
    GITLAB = "gitlab"
    BEARER = "bearer"


@dataclass(frozen=True)
class Proof:
    """What a signature proves beside who sent the request."""

    #: The same for the same delivery, however often it is sent; None if nothing tells that.
    key: str | None
    #: When it was signed, where that is signed too.
    signed_at: datetime | None


def make_secret(kind: WebhookKind) -> str:
    """Return a new secret of 256 random bits, in the form of its kind."""
    if kind is WebhookKind.STANDARD:
        return _STANDARD_PREFIX + base64.b64encode(random.token_bytes(32)).decode()
    return random.token_urlsafe(32)


def verify(
    name: str,
    kind: WebhookKind | None,
    secrets: Iterable[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Proof:
    """Return what is proven of a request to the webhook of that name; its headers in lower case.

    A kind of None stands for a webhook that there is not, and is answered like a wrong signature.

    :raises Unauthorized: it has no signature, a wrong one, or one that is too old.
    """
    if not any(header.lower() in headers for header in HEADERS.values()):
        listed = ", ".join(f"{header} ({one})" for one, header in HEADERS.items())
        raise Unauthorized(
            f"The request to webhook '{name[:64]}' has no signature. Send the header of its kind: "
            f"{listed}."
        )
    # For an unknown webhook as well: the time of the answer must not say whether there is one.
    check = _CHECKS[kind or WebhookKind.QUARTERMASTER]
    given = list(secrets) or [make_secret(WebhookKind.QUARTERMASTER)]
    proofs = [check(secret, headers, body) for secret in given]
    proof = next((one for one in proofs if one is not None), None)
    if proof is None or kind is None:
        raise Unauthorized(
            f"The signature does not fit webhook '{name[:64]}', or there is no such webhook. "
            "`qm webhook secret` makes a new secret."
        )
    if proof.signed_at is not None and abs((now - proof.signed_at).total_seconds()) > TOLERANCE_S:
        raise Unauthorized(
            f"The request to webhook '{name[:64]}' was signed at "
            f"{proof.signed_at:%Y-%m-%dT%H:%M:%SZ}, which is more than {TOLERANCE_S} s from now. "
            "Sign it anew; both clocks must be right."
        )
    return proof


def sign(secret: str, body: bytes, moment: int) -> str:
    """Return the signature of the kind `quartermaster`, for the time in seconds."""
    return f"t={moment},v1={_hmac(secret.encode(), f'{moment}.'.encode() + body).hex()}"


def _check_own(secret: str, headers: Mapping[str, str], body: bytes) -> Proof | None:
    match = _OWN.match(_get(headers, WebhookKind.QUARTERMASTER))
    if match is None:
        return None
    wanted = sign(secret, body, int(match[1]))
    return Proof(match[2], _to_time(match[1])) if _is_same(wanted, match[0]) else None


def _check_standard(secret: str, headers: Mapping[str, str], body: bytes) -> Proof | None:
    message_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not _SECONDS.match(seconds):
        return None
    key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX))
    signed = _hmac(key, f"{message_id}.{seconds}.".encode() + body)
    wanted = f"v1,{base64.b64encode(signed).decode()}"
    given = _get(headers, WebhookKind.STANDARD).split(" ")
    # All of them, so that the time does not say which one fits.
    if not any([_is_same(wanted, one) for one in given]):  # noqa: C419
        return None
    return Proof(hashlib.sha256(message_id.encode()).hexdigest(), _to_time(seconds))


def _check_github(secret: str, headers: Mapping[str, str], body: bytes) -> Proof | None:
    wanted = f"sha256={_hmac(secret.encode(), body).hex()}"
    # The id of the delivery is not signed: who sends it again could choose another one.
    return Proof(wanted[7:], None) if _is_same(wanted, _get(headers, WebhookKind.GITHUB)) else None


def _check_gitlab(secret: str, headers: Mapping[str, str], _body: bytes) -> Proof | None:
    if not _is_same(secret, _get(headers, WebhookKind.GITLAB)):
        return None
    return Proof(_find_id(headers, "x-gitlab-event-uuid"), None)


def _check_bearer(secret: str, headers: Mapping[str, str], _body: bytes) -> Proof | None:
    kind, _, text = _get(headers, WebhookKind.BEARER).partition(" ")
    if not _is_same(secret, text.strip()) or kind.lower() != "bearer":
        return None
    return Proof(_find_id(headers, "idempotency-key"), None)


def _get(headers: Mapping[str, str], kind: WebhookKind) -> str:
    return headers.get(HEADERS[kind].lower(), "")


def _find_id(headers: Mapping[str, str], name: str) -> str | None:
    """Return the id of a delivery, in a length of ours, or None."""
    value = headers.get(name)
    return hashlib.sha256(value.encode()).hexdigest() if value else None


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _is_same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode())


def _to_time(seconds: str) -> datetime:
    # Beyond what a datetime holds is as wrong as any other time.
    return datetime.fromtimestamp(min(int(seconds), 253_402_300_799), UTC)


#: The header in which the signature of each kind is.
HEADERS: Mapping[WebhookKind, str] = {
    WebhookKind.QUARTERMASTER: "X-Quartermaster-Signature",
    WebhookKind.STANDARD: "webhook-signature",
    WebhookKind.GITHUB: "X-Hub-Signature-256",
    WebhookKind.GITLAB: "X-Gitlab-Token",
    WebhookKind.BEARER: "Authorization",
}
_CHECKS: Mapping[WebhookKind, Callable[[str, Mapping[str, str], bytes], Proof | None]] = {
    WebhookKind.QUARTERMASTER: _check_own,
    WebhookKind.STANDARD: _check_standard,
    WebhookKind.GITHUB: _check_github,
    WebhookKind.GITLAB: _check_gitlab,
    WebhookKind.BEARER: _check_bearer,
}
