# SPDX-License-Identifier: Apache-2.0
"""A message is tried again after pauses that grow, and given up after ten attempts or a day."""

from datetime import UTC, datetime, timedelta

from inventory_service.notifications.domain.deliveries import (
    MOST_ATTEMPTS,
    find_next_attempt,
    find_obstacle,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_pauses_double_from_a_minute_on() -> None:
    pauses = [find_next_attempt(attempts, NOW, NOW) for attempts in (1, 2, 3, 9)]
    minutes = [(at - NOW) / timedelta(minutes=1) for at in pauses if at]
    assert minutes == [1, 2, 4, 256]


def test_the_last_attempt_has_none_after_it() -> None:
    assert find_next_attempt(MOST_ATTEMPTS, NOW, NOW) is None


def test_a_message_of_yesterday_is_given_up() -> None:
    assert find_next_attempt(1, NOW - timedelta(hours=23), NOW)
    assert find_next_attempt(1, NOW - timedelta(days=1), NOW) is None


def test_what_was_tried_for_too_long_is_not_taken_again() -> None:
    assert find_obstacle(0, NOW, NOW) is None
    assert "without an outcome" in (find_obstacle(MOST_ATTEMPTS, NOW, NOW) or "")
    assert "older than a day" in (find_obstacle(0, NOW - timedelta(hours=25), NOW) or "")
