# SPDX-License-Identifier: Apache-2.0
"""Times in UTC, and the latest time that a correct clock can have given."""

from datetime import UTC, datetime, timedelta

#: Clocks of two service processes differ by less than this.
_CLOCK_SKEW = timedelta(minutes=1)


def check_moment(value: datetime) -> datetime:
    """Return the moment in UTC.

    :raises ValueError: in UTC its year is not from 1 to 9999.
    """
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be in a year from 1 to 9999 in UTC") from None


def max_plausible_time(now: datetime) -> datetime:
    """Return the latest time that another process can have recorded by now with a correct clock."""
    return now + _CLOCK_SKEW
