# SPDX-License-Identifier: Apache-2.0
"""Columns hold JSON only, and an old NaN is read as null."""

import math

import pytest

from inventory_service.core.database.json_type import read_json, write_json


def test_a_document_is_read_as_it_was_written() -> None:
    document = {"é": [1, 2.5, None, True], "n": 2**63 - 1}
    assert read_json(write_json(document)) == document


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_outside_json_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"x": [number]})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_number_outside_json_from_an_earlier_version_is_read_as_null(text: str) -> None:
    assert read_json(f'{{"x": [{text}, 1]}}') == {"x": [None, 1]}
