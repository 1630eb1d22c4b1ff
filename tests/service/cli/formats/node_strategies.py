# SPDX-License-Identifier: Apache-2.0
"""Nodes with any values that the service takes, for what is written and read again."""

import unicodedata
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from inventory_service.cli.formats.source_row import Row
from inventory_service.core.field_types import check_text
from inventory_service.core.variables import check_variables
from inventory_service.imports.domain.node_list import ListedNode

#: What spreadsheets run, what CSV, JSON, YAML and Ansible give a meaning to, and what hides.
HARD = st.sampled_from(
    (
        *("=1+1", "+1", "-1", "@x", "＝1", "'", "'=", '"', ",", ";", "{{ 1 }}", "{% x", "", " x "),
        *("yes", "1:30", "0123", "1e3", "null", "~", "nan", "2024-01-01", "!unsafe x", "&a", "*a"),
        *(
            "<<",
            "# x",
            ": ",
            "- ",
            "a\nb\n",
            "\t",
            "\u202e",
            "\u2028",
            "\ufeff",
            "東京",
            "e\u0301",
            "🚢",
        ),
    )
)
TEXTS = HARD | st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=20)


def is_line(text: str) -> bool:
    try:
        return bool(check_text(text) or True)
    except ValueError:
        return False


LINES = TEXTS.filter(is_line)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
LABELS = st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), LINES, max_size=3)


def is_taken(variables: dict[str, Any]) -> bool:
    try:
        return bool(check_variables(variables) or True)
    except ValueError:
        return False


VARIABLES = st.dictionaries(
    st.from_regex(r"own_[a-zA-Z0-9_]{0,5}", fullmatch=True), JSON, max_size=3
).filter(is_taken)
#: The machine may be busy, and each example is small.
PATIENT = settings(max_examples=50)
NODES = st.lists(
    st.fixed_dictionaries(
        {"node_id": st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)},
        optional={
            "region": st.just("eu-1"),
            "image": LINES,
            "provider_id": LINES,
            "ssh_host_keys": st.lists(st.just("ssh-ed25519 AAAA"), min_size=1, max_size=2),
            "labels": LABELS.filter(bool),
            "vars": VARIABLES.filter(bool),
        },
    ),
    min_size=1,
    max_size=4,
)


def whole(node: dict[str, Any]) -> dict[str, Any]:
    """Return the node as the API gives it, but for what only the service sets."""
    empty = {"ssh_host_keys": [], "labels": {}, "vars": {}}
    return {**dict.fromkeys(ListedNode.model_fields), **empty, **node}


def set_fields(rows: list[Row]) -> list[dict[str, Any]]:
    """Return the fields of each row that have a value."""
    found = [row.fields for row in rows if isinstance(row.fields, dict)]
    return [{k: v for k, v in node.items() if v not in (None, {}, [])} for node in found]


def find_hidden(text: str) -> set[str]:
    """Return the Unicode categories in a text of characters that steer what is shown."""
    found = {unicodedata.category(one) for one in text if one not in "\r\n"}
    return found & {"Cc", "Cf", "Zl", "Zp"}
