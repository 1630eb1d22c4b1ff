# SPDX-License-Identifier: Apache-2.0
"""Tokens: what is made can be checked, and nothing else can."""

from hypothesis import given
from hypothesis import strategies as st

from inventory_service.identity.domain import is_same, make_token, parse_token


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
