# SPDX-License-Identifier: Apache-2.0
"""Tokens: what is made can be checked, and nothing else can."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.identity.domain.tokens import is_live, is_same, make_token, parse_token


def test_a_new_token_is_recognised_by_its_hash() -> None:
    made = make_token()
    parsed = parse_token(made.text)
    assert parsed is not None
    assert parsed[0] == made.token_id
    assert is_same(made.digest, parsed[1])
    assert made.digest not in made.text


def test_two_tokens_are_never_the_same() -> None:
    assert len({make_token().text for _ in range(1000)}) == 1000


@given(st.text())
def test_any_other_text_is_no_token(text: str) -> None:
    assert parse_token(text) is None


@pytest.mark.parametrize(
    ("expires_in_s", "is_revoked", "expected"),
    [
        (None, False, True),
        (1, False, True),
        (0, False, False),
        (-1, False, False),
        (None, True, False),
        (1, True, False),
    ],
)
def test_a_token_is_live_until_the_moment_at_which_it_expires(
    expires_in_s: int | None, *, is_revoked: bool, expected: bool
) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    expires_at = None if expires_in_s is None else now + timedelta(seconds=expires_in_s)
    revoked_at = now if is_revoked else None
    assert is_live(expires_at=expires_at, revoked_at=revoked_at, now=now) is expected
