# SPDX-License-Identifier: Apache-2.0
"""Scopes include those before them, and a channel is a word that fits into the audit."""

import pytest

from inventory_service.core.actors import Channel, Scope


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


def test_channels_are_those_of_people_of_playbooks_and_of_the_service_itself() -> None:
    assert [channel.value for channel in Channel] == [
        "api",
        "cli",
        "ansible",
        "worker",
        "schedule",
        "webhook",
    ]
    # The columns `door` have 16 characters.
    assert all(len(channel.value) <= 16 for channel in Channel)
