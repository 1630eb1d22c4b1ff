# SPDX-License-Identifier: Apache-2.0
"""Cron lines: which are allowed, and at which moments they fire in a time zone.

The syntax is that of crontab(5) in Debian, and of `cronsim <https://github.com/cuu508/cronsim>`_,
which reads it: names of months and weekdays, steps, and `L`, `LW`, `5L` and `MON#1` for the last
and the nth day.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_WORD = re.compile(r"[A-Za-z0-9*/,#-]+\Z")
#: In a leap year and on a Monday: where a line is tried. Whatever fires, fires within 50 years.
_FIRST = datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock's, of no zone
_MINUTE = timedelta(minutes=1)


def check_cron(value: str) -> str:
    """Return the cron line with one blank between its fields, if it fires at all.

    :raises ValueError: it has not five fields, one of them is not valid, or it never fires.
    """
    words = value.split()
    if value.lstrip().startswith("@"):
        raise ValueError(
            f"must be five fields, and {words[0][:32]!r} is none: '0 0 * * *' is once a day"
        )
    if len(words) == len(_FIELDS) + 1:
        raise ValueError(
            "has six fields, of which one would be seconds: a schedule fires once a minute at most"
        )
    if len(words) != len(_FIELDS):
        raise ValueError(f"must be five fields: {', '.join(_FIELDS)}")
    _check_fields(words)
    line = " ".join(words)
    if not _fires(line):
        raise ValueError("never fires: there is no such day")
    return line


def find_next(line: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Return the first moment after another one at which the line fires, in UTC; None for never.

    Where clocks are set forward, what was due in the hour that is left out is due once, at its end;
    where they are set back, what is due in the hour that comes twice is due in the first one only.
    A line for each hour is the exception: its hours are those that pass, and not those of a clock.
    """
    if len(CronSim(line, _FIRST).hours) == 24:  # noqa: PLR2004 - hours of a day
        # With this star cronsim counts the hours that pass.
        minute, _, *days = line.split()
        moments = CronSim(" ".join([minute, "*", *days]), after.astimezone(zone))
        return next((moment.astimezone(UTC) for moment in moments), None)
    wall = after.astimezone(zone).replace(tzinfo=None)
    found = (_read_wall(time, zone) for time in CronSim(line, wall))
    return next((moment for moment in found if moment > after), None)


def _check_fields(words: list[str]) -> None:
    """Raise ValueError with the name of the first field that is not valid."""
    for place, (name, word) in enumerate(zip(_FIELDS, words, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[place] = word
        if not _WORD.match(word) or not _is_read(" ".join(alone)):
            raise ValueError(f"has {word[:32]!r} as its {name}, which is not valid")


def _is_read(line: str) -> bool:
    try:
        CronSim(line, _FIRST)
    except CronSimError:
        return False
    return True


def _fires(line: str) -> bool:
    try:
        return next(CronSim(line, _FIRST), None) is not None
    except CronSimError:
        # Each field is valid, so no month of the line has a day of the line.
        return False


def _read_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, of a time on the wall: the first one, or the end of a gap."""
    while True:
        moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += _MINUTE
