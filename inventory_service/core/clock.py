# SPDX-License-Identifier: Apache-2.0
"""Times as all clocks here have them, in UTC; and those that no right clock can have given yet."""

from datetime import UTC, datetime, timedelta

#: Clocks of two service processes differ by less than this.
_CLOCK_SKEW = timedelta(minutes=1)


def check_moment(value: datetime) -> datetime:
    """Return the moment in UTC.

    :raises ValueError: UTC has it in no year from 1 to 9999.
    """
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies in no year from 1 to 9999, as UTC counts them") from None


def max_plausible_time(now: datetime) -> datetime:
    """Return up to when something may have happened already; what is later comes of a wrong clock.

    It happened before now, but nobody knows when.
    """
    return now + _CLOCK_SKEW
