# SPDX-License-Identifier: Apache-2.0
"""The text of a token gives its account, with the roles of now as far as its scope allows them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.actors import Actor, Channel, Role, Scope
from inventory_service.core.errors import Unauthorized
from inventory_service.identity.domain.tokens import NewToken, make_token
from inventory_service.identity.queries import KnownToken
from inventory_service.identity.usecases.authentication import authenticate

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
MADE = make_token()
GRANTS = frozenset({(Role.OPERATOR, None), (Role.VIEWER, "shop")})
ANN = Actor("ann", Channel.API, Scope.OPERATOR, GRANTS, "ci")


def find_by(
    *,
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
    disabled_at: datetime | None = None,
) -> Callable[[str], KnownToken | None]:
    """Return a way to find the token that was made, and no other."""
    known = KnownToken(
        "ci", "operator", MADE.digest, expires_at, revoked_at, "ann", disabled_at, GRANTS
    )
    return lambda token_id: known if token_id == MADE.token_id else None


@pytest.mark.parametrize("expires_at", [None, NOW + HOUR])
def test_a_live_token_gives_its_actor_with_the_channel_of_the_request(
    expires_at: datetime | None,
) -> None:
    actor = authenticate(MADE.text, Channel.ANSIBLE, find_by(expires_at=expires_at))
    assert actor == Actor("ann", Channel.ANSIBLE, Scope.OPERATOR, GRANTS, "ci")


def swap_secret(made: NewToken, other: NewToken) -> str:
    return f"{made.text[:16]}{other.text[16:]}"


@pytest.mark.parametrize(
    "text",
    ["", "qm_x", make_token().text, swap_secret(MADE, make_token()), MADE.text + "A"],
    # The texts differ from process to process, the names of the tests must not.
    ids=["empty", "short", "unknown", "wrong secret", "longer"],
)
def test_a_token_that_is_not_on_record_belongs_to_nobody(text: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        authenticate(text, Channel.API, find_by(revoked_at=NOW))
    assert (caught.value.ended, caught.value.why) == (None, "")


@pytest.mark.parametrize(
    "text",
    [make_token().text, swap_secret(MADE, make_token())],
    ids=["unknown", "wrong secret"],
)
def test_a_secret_is_compared_also_where_its_id_is_unknown(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time of the answer would say which ids there are."""
    compared = []
    monkeypatch.setattr(
        "inventory_service.identity.usecases.authentication.is_same",
        lambda *both: compared.append(both),
    )
    with pytest.raises(Unauthorized):
        authenticate(text, Channel.API, find_by())
    assert [[len(one) for one in both] for both in compared] == [[64, 64]]


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "end"),
    [
        (NOW - HOUR, None, "expired"),
        (None, NOW, "was revoked"),
        (NOW - HOUR, NOW, "was revoked"),
    ],
)
def test_a_token_that_has_ended_is_refused_alike_but_keeps_its_actor_for_the_log(
    expires_at: datetime | None, revoked_at: datetime | None, end: str
) -> None:
    with pytest.raises(Unauthorized) as caught:
        authenticate(MADE.text, Channel.API, find_by(expires_at=expires_at, revoked_at=revoked_at))
    with pytest.raises(Unauthorized) as unknown:
        authenticate(make_token().text, Channel.API, find_by())
    assert caught.value.detail == unknown.value.detail
    assert caught.value.ended == ANN
    assert caught.value.why == f"The token {MADE.token_id} {end}."


def test_a_token_of_a_disabled_account_is_refused_like_one_that_is_unknown() -> None:
    with pytest.raises(Unauthorized) as caught:
        authenticate(MADE.text, Channel.API, find_by(disabled_at=NOW))
    with pytest.raises(Unauthorized) as unknown:
        authenticate(make_token().text, Channel.API, find_by())
    assert caught.value.detail == unknown.value.detail
    assert (caught.value.ended, caught.value.why) == (ANN, "The account 'ann' is disabled.")
