# SPDX-License-Identifier: Apache-2.0
"""A pointer finds the value that RFC 6901 says, or nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.webhooks.domain.pointers import MISSING, check_pointer, read_pointer

#: Those of RFC 6901, section 5, but the empty one, and places that are not there.
DOCUMENT = json.loads(
    '{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\\\j": 5,'
    ' "k\\"l": 6, " ": 7, "m~n": 8, "null": null, "0": "zero"}'
)
PLACES: list[tuple[str, Any]] = [
    ("/foo", ["bar", "baz"]),
    ("/foo/0", "bar"),
    ("/", 0),
    ("/a~1b", 1),
    ("/c%d", 2),
    ("/e^f", 3),
    ("/g|h", 4),
    ("/i\\j", 5),
    ('/k"l', 6),
    ("/ ", 7),
    ("/m~0n", 8),
    ("/null", None),
    ("/0", "zero"),
    ("/foo/2", MISSING),
    ("/foo/-1", MISSING),
    ("/foo/-", MISSING),
    ("/foo/00", MISSING),
    ("/foo/bar", MISSING),
    ("/foo/0/0", MISSING),
    ("/f", MISSING),
    ("/null/x", MISSING),
]
KEYS = st.text(max_size=4)


@pytest.mark.parametrize(("pointer", "value"), PLACES)
def test_a_pointer_finds_its_place(pointer: str, value: Any) -> None:
    assert read_pointer(DOCUMENT, check_pointer(pointer)) is value or (
        read_pointer(DOCUMENT, pointer) == value and value is not MISSING
    )


@pytest.mark.parametrize("pointer", ["", "foo", "foo/0", "/~", "/a~2", "/a~", "$.foo", "#/foo"])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(ValueError, match="JSON Pointer"):
        check_pointer(pointer)


@given(st.lists(KEYS, min_size=1, max_size=4), st.integers())
def test_each_name_can_be_pointed_at(names: list[str], value: int) -> None:
    document: Any = value
    for name in reversed(names):
        document = {name: document}
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    assert read_pointer(document, check_pointer(pointer)) == value
