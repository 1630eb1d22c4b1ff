# SPDX-License-Identifier: Apache-2.0
"""Sort keys and fields as a request writes them."""

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.core.pagination import SortKey, parse_fields, parse_sort_keys

COLUMNS = ("region", "created_at")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", "node_id,id"),
        ("region", "region,node_id,id"),
        ("-created_at,region", "-created_at,region,node_id,id"),
        (",region,", "region,node_id,id"),
    ],
)
def test_tiebreakers_follow_the_keys_of_the_request(text: str, keys: str) -> None:
    found = parse_sort_keys(text, sortable=COLUMNS, tiebreakers=("node_id", "id"))
    assert ",".join(map(str, found)) == keys


def test_a_tiebreaker_in_the_request_keeps_its_direction_and_comes_once() -> None:
    found = parse_sort_keys("-id", sortable=("id",), tiebreakers=("id",))
    assert found == (SortKey("id", is_descending=True),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("secret", "'secret' can't be sorted by"),
        ("--region", "'-region' can't be sorted by"),
        ("id", "'id' can't be sorted by"),
        ("region,-region", "names a column twice"),
        ("x" * 1000, f"'{'x' * 64}' can't be sorted by"),
    ],
)
def test_an_invalid_sort_names_the_column_and_those_allowed(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_sort_keys(text, sortable=COLUMNS, tiebreakers=("id",))
    assert caught.value.detail == f"Invalid sort: {reason}. Allowed: region, created_at."
    assert [found.field for found in caught.value.field_errors] == ["sort"]


def test_fields_are_returned_in_the_order_of_the_request() -> None:
    assert parse_fields("created_at,region", COLUMNS) == ["created_at", "region"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("digest", "'digest' can't be shown"), ("region,region", "names a column twice")],
)
def test_an_invalid_field_is_named_with_those_allowed(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_fields(text, COLUMNS)
    assert caught.value.detail == f"Invalid fields: {reason}. Allowed: region, created_at."
