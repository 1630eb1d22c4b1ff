# SPDX-License-Identifier: Apache-2.0
"""A change passes only at a revision that its caller expects."""

import pytest

from inventory_service.core.errors import PreconditionFailed
from inventory_service.core.preconditions import check_if_match


@pytest.mark.parametrize("expected", [None, {"12"}, {"11", "12"}])
def test_an_expected_revision_passes(expected: set[str] | None) -> None:
    check_if_match("Node 'web-1'", 12, expected)


@pytest.mark.parametrize("expected", [set(), {"1"}, {"120"}, {"11", "13"}])
def test_another_revision_is_refused_with_the_present_one(expected: set[str]) -> None:
    with pytest.raises(PreconditionFailed, match=r"Node 'web-1' has changed .* is 12 now"):
        check_if_match("Node 'web-1'", 12, expected)
