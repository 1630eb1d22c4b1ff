# SPDX-License-Identifier: Apache-2.0
"""A size is one that a cloud offers: a misspelt one would be ordered and refused much later."""

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
