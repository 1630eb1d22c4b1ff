# SPDX-License-Identifier: Apache-2.0
"""A message that fails is tried again, ever more rarely, and given up."""

from datetime import UTC, datetime, timedelta

from inventory_service.chat.domain.updates import find_next_attempt

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_pauses_grow_up_to_ten_minutes_and_end() -> None:
    found = [find_next_attempt(attempts, NOW) for attempts in range(1, 11)]
    pauses = [(one - NOW) / timedelta(seconds=1) for one in found if one is not None]
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert found[-1] is None
