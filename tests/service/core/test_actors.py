# SPDX-License-Identifier: Apache-2.0
"""Scopes include those before them."""

import pytest

from inventory_service.core.actors import Scope


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope.VIEWER, {Scope.VIEWER}),
        (Scope.OPERATOR, {Scope.VIEWER, Scope.OPERATOR}),
        (Scope.ADMIN, {Scope.VIEWER, Scope.OPERATOR, Scope.ADMIN}),
    ],
)
def test_each_scope_covers_itself_and_those_before_it(scope: Scope, covered: set[Scope]) -> None:
    assert {needed for needed in Scope if scope.covers(needed)} == covered
