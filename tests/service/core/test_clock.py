# SPDX-License-Identifier: Apache-2.0
"""Times are kept in UTC, and a wrong clock is recognised by them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from inventory_service.core.clock import check_moment, max_plausible_time

EAST, WEST = timezone(timedelta(hours=9)), timezone(timedelta(hours=-9))


@pytest.mark.parametrize(
    ("given", "in_utc"),
    [
        (datetime(2026, 11, 22, 1, tzinfo=EAST), datetime(2026, 11, 21, 16, tzinfo=UTC)),
        (datetime(1, 1, 1, 9, tzinfo=EAST), datetime(1, 1, 1, tzinfo=UTC)),
        (datetime(9999, 12, 31, 14, 59, tzinfo=WEST), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_returned_in_utc(given: datetime, in_utc: datetime) -> None:
    found = check_moment(given)
    assert (found, found.tzinfo) == (in_utc, UTC)


@pytest.mark.parametrize(
    "given",
    [datetime(1, 1, 1, 8, 59, tzinfo=EAST), datetime(9999, 12, 31, 15, tzinfo=WEST)],
)
def test_a_moment_without_a_year_in_utc_is_refused(given: datetime) -> None:
    with pytest.raises(ValueError, match="from 1 to 9999 in UTC"):
        check_moment(given)


def test_clocks_of_two_services_may_differ_a_little_and_not_by_hours() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert now + timedelta(seconds=5) < max_plausible_time(now) < now + timedelta(hours=1)
