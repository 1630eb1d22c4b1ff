# SPDX-License-Identifier: Apache-2.0
"""A truth value of a role is one where it decides, also if `-e` or a file gives it as a text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = ("wireguard", "firewall", "provision")


def find_texts(text: str, name: str) -> Iterator[str]:
    """Yield the lines where a variable decides something without being made a truth value.

    A module makes one of its own option: a value that is the variable alone is no decision.
    """
    for line in text.splitlines():
        code = line.partition(" #")[0]
        if re.search(rf"\b{name}\b(?! \| bool)", code) and not re.fullmatch(
            rf"""\s*\w+: "{{{{ {name} }}}}\"""", code
        ):
            yield line.strip()


def list_bools(role: str) -> list[str]:
    """Return the names of the options of a role that are truth values."""
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
    options = [entry.get("options", {}) for entry in specs["argument_specs"].values()]
    return sorted({name for found in options for name in found if found[name]["type"] == "bool"})


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role in ROLES for name in list_bools(role)]
)
def test_a_text_is_no_truth_value(role: str, name: str) -> None:
    """`wireguard_update_peers=false` on the command line is a text, which is true."""
    files = [
        *(ROOT / "roles" / role).glob("tasks/*.yml"),
        *(ROOT / "roles" / role).glob("vars/*.yml"),
    ]
    found = [line for path in files for line in find_texts(path.read_text(), name)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("when: lamp_lit", True),
        ("when: lamp_lit | bool", False),
        ("when: not lamp_lit", True),
        ('  lit: "{{ lamp_lit }}"', False),
        ('  lit: "{{ 1 if lamp_lit else 2 }}"', True),
        ("x: 1 # lamp_lit", False),
        ("when: lamp_lit_since", False),
    ],
)
def test_an_undecided_text_is_found(text: str, *, found: bool) -> None:
    assert bool(list(find_texts(text, "lamp_lit"))) == found
