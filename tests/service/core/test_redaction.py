# SPDX-License-Identifier: Apache-2.0
"""Secrets are hidden in whatever they stand, and nothing else is changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.redaction import HIDDEN, is_secret_name, redact
from inventory_service.identity.domain.tokens import make_token

TOKEN = make_token()
SHOWN = f"qm_{TOKEN.token_id}_{HIDDEN}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(before=st.text(), after=st.text())
def test_a_token_is_hidden_in_any_text(before: str, after: str) -> None:
    hidden = redact(f"{before}{TOKEN.text}{after}")
    assert TOKEN.text not in hidden
    assert SHOWN in hidden


@given(JSON)
def test_what_holds_no_secret_stays_as_it_is(value: Any) -> None:
    assert redact(value) == value


def test_names_and_values_in_any_depth_are_looked_at() -> None:
    found = redact({"a": [{TOKEN.text: f"x {TOKEN.text}"}, (TOKEN.text,)], "b": 1})
    assert found == {"a": [{SHOWN: f"x {SHOWN}"}, [SHOWN]], "b": 1}


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "DB-PASS",
        "tokens",
        "api_key",
        "ssh_private_key",
        "aws_secret_key",
        "dbPassword",
        "rootpassword",
        "clientSecret",
        "apiKey",
        "sshPrivateKey",
        "dbPass",
        "PASS",
        "csrftoken",
    ],
)
def test_values_of_what_is_named_a_secret_are_hidden(name: str) -> None:
    assert redact({name: {"deep": 1}}) == {name: HIDDEN}
    assert redact({name: None}) == {name: None}
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("token_id", "wireguard_public_key", "ssh_host_keys", "passenger", "secretary", "key"),
        *("bypass", "compass", "passwordless_login", "publicKey", "BYPASS"),
    ],
)
def test_names_that_only_look_alike_are_no_secrets(name: str) -> None:
    assert redact({name: "x"}) == {name: "x"}
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", [None, 7, True, ("password",), b"password", ""])
def test_what_is_no_text_is_no_name_of_a_secret(name: object) -> None:
    assert not is_secret_name(name)
