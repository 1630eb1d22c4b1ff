# SPDX-License-Identifier: Apache-2.0
"""Forms and objects of platforms are read in one way only."""

import pytest

from inventory_service.chat.forms import get_text, read_form, read_object, split_names
from inventory_service.core.errors import BadInput


def test_a_form_is_read() -> None:
    assert read_form(b"a=1&b=%26%20x&c=") == {"a": "1", "b": "& x", "c": ""}


@pytest.mark.parametrize(
    "body",
    [b"a", b"a=1&a=2", b"\xff=1", b"a=%ff", b"&".join(b"a%d=1" % n for n in range(61))],
)
def test_what_readers_could_take_differently_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_form(body)


@pytest.mark.parametrize("text", ["", "[]", "1", "{", b"\xff", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadInput):
        read_object(text)


def test_a_missing_text_is_named() -> None:
    assert get_text({"a": {"b": "c"}}, "a", "b") == "c"
    for found in ({}, {"a": None}, {"a": "b"}, {"a": {"b": 1}}):
        with pytest.raises(BadInput, match=r"a\.b"):
            get_text(found, "a", "b")


def test_names_are_split() -> None:
    assert split_names("a, b,,") == {"a", "b"}
