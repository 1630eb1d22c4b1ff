# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specs are read exactly or refused; nothing is guessed."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.sizes import (
    Size,
    parse_spec,
)


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ("s-2vcpu-4gb", Size(2, 4096)),
        ("s-1vcpu-512mb", Size(1, 512)),
        ("s-1vcpu-512mb-10gb", Size(1, 512)),
        ("s-4vcpu-8gb-amd", Size(4, 8192)),
        ("gd-16vcpu-64gb", Size(16, 65536)),
    ],
)
def test_a_spec_names_processors_and_memory(spec: str, size: Size) -> None:
    assert parse_spec(spec) == size


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "banana",
        "s-2vcpu",
        "s-0vcpu-1gb",
        "s-1vcpu-0gb",
        "s--1vcpu-1gb",
        "s-2vcpu-4gb ",
        "s-2vcpu-4gb\n",
        "S-2VCPU-4GB",
        "s-2vcpu-4tb",
        "s-2.5vcpu-4gb",
        "s-999vcpu-1gb",
        "s-٢vcpu-4gb",
        "x" * 65536,
    ],
)
def test_what_is_no_spec_is_refused_by_name(spec: str) -> None:
    with pytest.raises(Failure, match="unknown spec") as refusal:
        parse_spec(spec)
    assert refusal.value.code == "unknown_spec"
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("spec", ["s-2vcpu-4gb", "s-1vcpu-512mb", "s-3vcpu-1536mb"])
def test_a_size_says_its_own_spec(spec: str) -> None:
    assert parse_spec(spec).spec == spec


@pytest.mark.parametrize("spec", ["s-1vcpu-1mb", "s-512vcpu-24576gb", "s-512vcpu-1gb"])
def test_the_smallest_and_the_largest_size_are_specs(spec: str) -> None:
    assert parse_spec(spec).spec == spec


@pytest.mark.parametrize("spec", ["s-513vcpu-1gb", "s-1vcpu-24577gb"])
def test_what_is_larger_than_the_largest_size_is_refused(spec: str) -> None:
    with pytest.raises(Failure, match="unknown spec"):
        parse_spec(spec)
