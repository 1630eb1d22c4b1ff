# SPDX-License-Identifier: Apache-2.0
"""Clocks that are wrong: a time that no right clock can have given yet."""

from datetime import datetime, timedelta

#: Clocks of two service processes differ by less than this.
_CLOCK_SKEW = timedelta(minutes=1)


def get_clock_limit(now: datetime) -> datetime:
    """Return up to when something may have happened already; what is later comes of a wrong clock.

    It happened before now, but nobody knows when.
    """
    return now + _CLOCK_SKEW
