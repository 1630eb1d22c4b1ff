# SPDX-License-Identifier: Apache-2.0
"""Spans and times become moments in UTC, and everything else wrong usage."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from inventory_service.cli.terminal.dates import format_duration, parse_future, parse_past

CONTEXT = click.Context(click.Command("audit"))
OPTION = click.Option(["--since"])
PRECISION = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("99999d", timedelta(days=99999)),
    ],
)
def test_a_span_counts_from_now(text: str, span: timedelta) -> None:
    now = datetime.now(UTC)
    future = datetime.fromisoformat(parse_future(CONTEXT, OPTION, text) or "")
    past = datetime.fromisoformat(parse_past(CONTEXT, OPTION, text) or "")
    assert abs(future - now - span) < PRECISION
    assert abs(now - past - span) < PRECISION


def test_a_time_of_any_zone_is_given_in_utc() -> None:
    for parse in (parse_past, parse_future):
        assert parse(CONTEXT, OPTION, "2099-01-31T12:00:00+02:00") == "2099-01-31T10:00:00+00:00"


def test_an_option_that_is_left_out_stays_out() -> None:
    assert parse_past(CONTEXT, OPTION, None) is None
    assert parse_future(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "0d", "-1d", "90", "1d ", "2099-01-31", "2099-01-31T12:00:00", "99999999d",
     "9999-12-31T23:59:59-01:00"],
)  # fmt: skip
def test_what_is_neither_is_refused_and_repeated(text: str) -> None:
    for parse in (parse_past, parse_future):
        with pytest.raises(click.BadParameter, match="2030-01-31T12:00:00Z") as caught:
            parse(CONTEXT, OPTION, text)
        assert repr(text) in caught.value.message


def test_only_the_past_may_be_past() -> None:
    assert parse_past(CONTEXT, OPTION, "2020-01-01T00:00:00Z") == "2020-01-01T00:00:00+00:00"
    with pytest.raises(click.BadParameter, match="is past"):
        parse_future(CONTEXT, OPTION, "2020-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("2026-11-27T10:00:00Z", " after 0 s"),
        ("2026-11-27T10:00:59.4Z", " after 59 s"),
        ("2026-11-27T10:00:59.6Z", " after 1 min 0 s"),
        ("2026-11-27T11:00:00Z", " after 1 h 0 min 0 s"),
        ("2026-11-28T12:03:04+01:00", " after 25 h 3 min 4 s"),
        (None, ""),
    ],
)
def test_a_duration_has_the_units_that_it_needs(end: str | None, text: str) -> None:
    assert format_duration("2026-11-27T10:00:00Z", end) == text
    assert format_duration(None, end) == ""
