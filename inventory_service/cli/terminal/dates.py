# SPDX-License-Identifier: Apache-2.0
"""Times as people enter and read them: a span, or a time with its zone."""

import re
from datetime import UTC, datetime, timedelta

import click

from inventory_service.core.clock import check_moment

_SPAN = re.compile(r"([1-9][0-9]{0,4})([mhd])\Z")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_past(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Return the moment that `30m`, `12h`, `7d` ago or an ISO 8601 time means, in UTC.

    :raises click.BadParameter: it is none of these.
    """
    if text is None:
        return None
    now = datetime.now(UTC)
    span = _read_span(text)
    moment = _read_time(text) if span is None else now - span
    if moment is None:
        raise _not_understood(text, context, option)
    return moment.isoformat()


def parse_future(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Return the moment in which `30m`, `12h`, `90d` end or an ISO 8601 time is, in UTC.

    :raises click.BadParameter: it is none of these, or it is past.
    """
    if text is None:
        return None
    now = datetime.now(UTC)
    span = _read_span(text)
    moment = _read_time(text) if span is None else now + span
    if moment is None:
        raise _not_understood(text, context, option)
    if moment <= now:
        raise click.BadParameter(f"{text!r} is past", context, option)
    return moment.isoformat()


def format_duration(begin: str | None, end: str | None) -> str:
    """Return ' after 1 h 2 min 3 s' for two times of the API; nothing where one is missing."""
    if begin is None or end is None:
        return ""
    span = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(hours or minutes)
    return f" after {' '.join([*parts, f'{seconds} s'])}"


def _read_span(text: str) -> timedelta | None:
    match = _SPAN.match(text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def _read_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return check_moment(moment) if moment.tzinfo else None
    except ValueError:
        return None


def _not_understood(
    text: str, context: click.Context, option: click.Parameter
) -> click.BadParameter:
    return click.BadParameter(
        f"{text!r} is neither like 90d, 12h or 30m nor a time like 2030-01-31T12:00:00Z",
        context,
        option,
    )
