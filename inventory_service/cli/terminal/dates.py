# SPDX-License-Identifier: Apache-2.0
"""Moments as people say them: a span from now, or a time with its zone."""

import re
from datetime import UTC, datetime, timedelta

import click

from inventory_service.core.clock import check_moment

_SPAN = re.compile(r"([1-9][0-9]{0,4})([mhd])\Z")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_past(context: click.Context, option: click.Parameter, said: str | None) -> str | None:
    """Return the moment that `30m`, `12h`, `7d` ago or an ISO 8601 time means, in UTC.

    :raises click.BadParameter: it is none of these.
    """
    if said is None:
        return None
    now = datetime.now(UTC)
    span = _read_span(said)
    moment = _read_time(said) if span is None else now - span
    if moment is None:
        raise _not_understood(said, context, option)
    return moment.isoformat()


def parse_future(context: click.Context, option: click.Parameter, said: str | None) -> str | None:
    """Return the moment in which `30m`, `12h`, `90d` end or an ISO 8601 time is, in UTC.

    :raises click.BadParameter: it is none of these, or it is past.
    """
    if said is None:
        return None
    now = datetime.now(UTC)
    span = _read_span(said)
    moment = _read_time(said) if span is None else now + span
    if moment is None:
        raise _not_understood(said, context, option)
    if moment <= now:
        raise click.BadParameter(f"{said!r} is past", context, option)
    return moment.isoformat()


def _read_span(said: str) -> timedelta | None:
    match = _SPAN.match(said)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def _read_time(said: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said)
        return check_moment(moment) if moment.tzinfo else None
    except ValueError:
        return None


def _not_understood(
    said: str, context: click.Context, option: click.Parameter
) -> click.BadParameter:
    return click.BadParameter(
        f"{said!r} is neither like 90d, 12h or 30m nor a time like 2030-01-31T12:00:00Z",
        context,
        option,
    )
