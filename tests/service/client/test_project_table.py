# SPDX-License-Identifier: Apache-2.0
"""One number of a projects.csv is changed, and every other character stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.client import InvalidName
from inventory_service.client.project_table import HEAD, replace_servers

TABLE = "Project,Servers,MasterSpec,WebSpec\nshop,3,s-2,s-1\nblog,1,s-1,s-1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TABLE, TABLE.replace("shop,3", "shop,5")),
        (TABLE.replace("\n", "\r\n"), TABLE.replace("\n", "\r\n").replace("shop,3", "shop,5")),
        ("\ufeff" + TABLE, "\ufeff" + TABLE.replace("shop,3", "shop,5")),
        ("\n" + TABLE, "\n" + TABLE.replace("shop,3", "shop,5")),
        (TABLE.rstrip("\n").replace("blog", "b") + "\n", None),
        ("Servers,Project\n3, shop", "Servers,Project\n5,shop"),
        (HEAD + "shop,3,s-2,s-1,uat,eu\n", HEAD + "shop,5,s-2,s-1,uat,eu\n"),
    ],
    ids=repr,
)
def test_only_the_number_changes(text: str, expected: str | None) -> None:
    wanted = expected or text.replace("shop,3", "shop,5")
    assert replace_servers(text, "shop", 5) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TABLE, "'wiki' has no line"),
        (HEAD + "wiki,1,a,b,uat,\nwiki,2,a,b,,\n", "has 2 lines .*environments: uat, prod"),
        ("", "has no line"),
        ("wiki,Servers\n", "has no line"),
    ],
)
def test_another_number_of_lines_than_one_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidName, match=reason) as caught:
        replace_servers(text, "wiki", 5)
    assert caught.value.next_step


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_change_and_its_return_leave_the_table_as_it_was(first: int, second: int) -> None:
    text = replace_servers(TABLE, "shop", first)
    assert replace_servers(replace_servers(text, "shop", second), "shop", first) == text
