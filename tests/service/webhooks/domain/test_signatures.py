# SPDX-License-Identifier: Apache-2.0
"""A request is believed if its signature fits, in time, and by nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.errors import Unauthorized
from inventory_service.webhooks.domain.signatures import (
    TOLERANCE_S,
    Proof,
    WebhookKind,
    make_secret,
    sign,
    verify,
)
from tests.service.webhook_signing import SIGN

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
MOMENT = int(NOW.timestamp())
BODY = b'{"ref": "refs/heads/main"}'
KINDS = list(WebhookKind)
#: Kinds whose signature covers the body, and those that say when they signed it.
SIGNED = [WebhookKind.QUARTERMASTER, WebhookKind.STANDARD, WebhookKind.GITHUB]
TIMED = SIGNED[:2]
GITHUB_EXAMPLE = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def check(
    kind: WebhookKind | None,
    secrets: list[str],
    headers: dict[str, str],
    body: bytes = BODY,
    now: datetime = NOW,
) -> Proof:
    lower = {name.lower(): value for name, value in headers.items()}
    return verify("deploy", kind, secrets, lower, body, now)


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_the_secret_is_believed(kind: WebhookKind) -> None:
    secret = make_secret(kind)
    proof = check(kind, [secret], SIGN[kind](secret, BODY, MOMENT, "one"))
    assert proof.signed_at == (NOW if kind in TIMED else None)
    assert proof.key is not None
    assert len(proof.key) == 64


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_another_secret_is_not(kind: WebhookKind) -> None:
    headers = SIGN[kind](make_secret(kind), BODY, MOMENT, "one")
    with pytest.raises(Unauthorized, match="does not fit webhook 'deploy'"):
        check(kind, [make_secret(kind)], headers)


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_two_secrets_is_enough(kind: WebhookKind) -> None:
    secrets = [make_secret(kind), make_secret(kind)]
    for secret in secrets:
        check(kind, secrets, SIGN[kind](secret, BODY, MOMENT, "one"))


@pytest.mark.parametrize("kind", SIGNED)
def test_a_body_that_was_changed_is_not_believed(kind: WebhookKind) -> None:
    secret = make_secret(kind)
    with pytest.raises(Unauthorized):
        check(kind, [secret], SIGN[kind](secret, BODY, MOMENT, "one"), BODY + b" ")


@pytest.mark.parametrize("kind", TIMED)
@pytest.mark.parametrize("away_s", [-TOLERANCE_S - 1, TOLERANCE_S + 1, -(10**9)])
def test_an_old_signature_is_refused_with_its_time(kind: WebhookKind, away_s: int) -> None:
    secret = make_secret(kind)
    headers = SIGN[kind](secret, BODY, MOMENT, "one")
    with pytest.raises(Unauthorized, match="signed at 2027-01-01T12:00:00Z"):
        check(kind, [secret], headers, now=NOW + timedelta(seconds=away_s))
    for near_s in (-TOLERANCE_S, TOLERANCE_S):
        check(kind, [secret], headers, now=NOW + timedelta(seconds=near_s))


@pytest.mark.parametrize("kind", KINDS)
def test_a_webhook_that_there_is_not_is_answered_like_a_wrong_signature(kind: WebhookKind) -> None:
    secret = make_secret(kind)
    headers = SIGN[kind](secret, BODY, MOMENT, "one")
    texts = set()
    for known, secrets in ((None, []), (None, [secret]), (kind, [make_secret(kind)])):
        with pytest.raises(Unauthorized) as caught:
            check(known, secrets, headers)
        texts.add(caught.value.detail)
    assert len(texts) == 1


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_without_a_signature_all_headers_are_named(kind: WebhookKind | None) -> None:
    with pytest.raises(Unauthorized, match=r"no signature.*X-Hub-Signature-256 \(github\)"):
        check(kind, ["x"], {"Host": "qm.example"})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value", ["", "x", "t=1,v1=", "sha256=", "v1,", "Bearer ", "é", "t=9" * 99]
)
def test_what_is_no_signature_is_refused(kind: WebhookKind, value: str) -> None:
    secret = make_secret(kind)
    headers = SIGN[kind](secret, BODY, MOMENT, "one")
    for name in headers:
        if name in {"webhook-id", "X-GitHub-Delivery", "X-Gitlab-Event-UUID", "Idempotency-Key"}:
            continue
        with pytest.raises(Unauthorized):
            check(kind, [secret], headers | {name: value})


def test_a_signature_is_not_taken_for_one_of_another_kind() -> None:
    secret = make_secret(WebhookKind.GITHUB)
    headers = SIGN[WebhookKind.GITLAB](secret, BODY, MOMENT, "one")
    with pytest.raises(Unauthorized):
        check(WebhookKind.GITHUB, [secret], headers)


def test_the_example_of_githubs_documents_fits() -> None:
    headers = {"X-Hub-Signature-256": f"sha256={GITHUB_EXAMPLE}"}
    proof = check(WebhookKind.GITHUB, ["It's a Secret to Everybody"], headers, b"Hello, World!")
    assert proof == Proof(GITHUB_EXAMPLE, None)


def test_one_of_several_standard_signatures_is_enough() -> None:
    secret = make_secret(WebhookKind.STANDARD)
    headers = SIGN[WebhookKind.STANDARD](secret, BODY, MOMENT, "one")
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']} v1a,x"
    check(WebhookKind.STANDARD, [secret], headers)


@pytest.mark.parametrize(
    ("kind", "is_same"),
    [
        (WebhookKind.QUARTERMASTER, True),
        (WebhookKind.STANDARD, False),
        # Its delivery id is not signed, so that a replay could have any.
        (WebhookKind.GITHUB, True),
        (WebhookKind.GITLAB, False),
        (WebhookKind.BEARER, False),
    ],
)
def test_what_makes_a_delivery_another_one(kind: WebhookKind, *, is_same: bool) -> None:
    secret = make_secret(kind)
    first, second = (
        check(kind, [secret], SIGN[kind](secret, BODY, MOMENT, name)) for name in ("one", "two")
    )
    assert (first.key == second.key) == is_same


def test_a_token_without_an_id_makes_each_request_one_of_its_own() -> None:
    secret = make_secret(WebhookKind.BEARER)
    assert check(WebhookKind.BEARER, [secret], {"Authorization": f"bearer {secret}"}).key is None


def test_ours_is_what_our_own_notifications_send() -> None:
    secret = make_secret(WebhookKind.QUARTERMASTER)
    headers = SIGN[WebhookKind.QUARTERMASTER](secret, BODY, MOMENT, "")
    assert headers == {"X-Quartermaster-Signature": sign(secret, BODY, MOMENT)}


def test_secrets_are_new_each_time_and_long() -> None:
    for kind in KINDS:
        first, second = make_secret(kind), make_secret(kind)
        assert first != second
        assert min(len(first), len(second)) >= 43
