# SPDX-License-Identifier: Apache-2.0
"""What is written as YAML is read as the same values, whatever they hold."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.cli.formats.yaml_text import dump_yaml
from inventory_service.cli.formats.yaml_values import Values, compose

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["=", "<<", "~", "yes", "1e3", "0o7", "1_0", "2026-01-01", "12:30", "# x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_each_value_of_json_comes_back(value: dict[str, Any]) -> None:
    (root,) = compose(dump_yaml(value))
    assert repr(Values().value(root)) == repr(value)


def test_a_value_is_one_line_and_keys_keep_their_order() -> None:
    text = dump_yaml({"z": "word " * 100, "a": [1, {"b": None}]})
    assert text == f"z: '{'word ' * 100}'\na:\n- 1\n- b: null\n"


def test_what_is_there_twice_is_written_twice() -> None:
    held = ["a"]
    assert dump_yaml({"x": held, "y": held}) == "x:\n- a\ny:\n- a\n"


@pytest.mark.parametrize("text", ["a\u202eb", "a\x1bb", "a\x7fb"])
def test_what_could_hide_something_is_an_escape(text: str) -> None:
    written = dump_yaml({"x": text})
    assert text not in written
    assert yaml.safe_load(written) == {"x": text}
