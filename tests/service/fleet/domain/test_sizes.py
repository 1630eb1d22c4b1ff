# SPDX-License-Identifier: Apache-2.0
"""A size is one that a cloud offers: a misspelt one would be ordered and refused much later."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from inventory_service.fleet.domain.sizes import SPECS, Spec

SIZE = TypeAdapter[str](Spec)


@pytest.mark.parametrize("name", SPECS)
def test_known_sizes_pass_and_have_a_processor_and_memory(name: str) -> None:
    assert SIZE.validate_python(name) == name
    processors, memory_mib = SPECS[name]
    assert processors >= 1
    assert memory_mib >= 512


@pytest.mark.parametrize("name", ["", "CX22", "cx22 ", "cx22\n", "s-1vcpu", "x" * 64])
def test_others_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        SIZE.validate_python(name)


def test_the_refusal_lists_the_sizes_that_there_are() -> None:
    with pytest.raises(ValidationError, match=r"'cx2' is not a known spec; .*cx22, cx32"):
        SIZE.validate_python("cx2")


@pytest.mark.parametrize("name", [name for name in SPECS if name.startswith("s-")])
def test_a_size_has_the_figures_of_its_name(name: str) -> None:
    words = re.match(r"s-(\d+)vcpu-(\d+)([gm])b", name)
    assert words
    memory_mib = int(words[2]) * (1024 if words[3] == "g" else 1)
    assert SPECS[name] == (int(words[1]), memory_mib)


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("cx22", "cx32", "cx42", "cx52"), [(2, 4), (4, 8), (8, 16), (16, 32)]),
        (("cpx11", "cpx21", "cpx31", "cpx41"), [(2, 2), (3, 4), (4, 8), (8, 16)]),
    ],
    ids=["cx", "cpx"],
)
def test_a_size_without_figures_in_its_name_has_those_of_its_cloud(
    names: tuple[str, ...], sizes: list[tuple[int, int]]
) -> None:
    assert [SPECS[name] for name in names] == [(cpus, gib * 1024) for cpus, gib in sizes]
