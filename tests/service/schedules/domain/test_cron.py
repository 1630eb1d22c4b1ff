# SPDX-License-Identifier: Apache-2.0
"""Cron lines fire by the clock on the wall of their zone, also on the days on which it is set."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.schedules.domain.cron import check_cron, find_next

#: With an hour, half an hour and a day left out; at two in the morning, and at midnight.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
]
_MOMENTS = st.integers(1_262_304_000, 2_366_841_600).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
) | st.sampled_from(
    [
        datetime(2027, 3, 28, 0, 59, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2027, 3, 14, 6, 59, tzinfo=UTC),
        datetime(2011, 12, 30, 9, 0, tzinfo=UTC),
    ]
)


def _fields(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    spans = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    steps = st.integers(1, most).map(lambda step: f"*/{step}")
    lists = st.lists(number, min_size=1, max_size=3).map(lambda some: ",".join(map(str, some)))
    return st.just("*") | number.map(str) | spans | steps | lists


_LINES = st.tuples(
    _fields(0, 59), _fields(0, 23), _fields(1, 28), _fields(1, 12), _fields(0, 7)
).map(" ".join)
_HOURS = st.tuples(_fields(0, 59), st.integers(0, 23).map(str)).map(
    lambda two: f"{two[0]} {two[1]} * * *"
)


def list_firings(line: str, zone: str, after: datetime, count: int = 6) -> list[datetime]:
    """Return the next firings, in UTC."""

    def follow() -> object:
        moment: datetime | None = after
        while (moment := find_next(line, ZoneInfo(zone), moment)) is not None:
            yield moment

    return list(islice(follow(), count))


def wall(moments: list[datetime], zone: str) -> list[str]:
    """Return moments as clocks on the wall show them."""
    return [f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M%z}" for moment in moments]


@given(_LINES, st.sampled_from(ZONES), _MOMENTS)
def test_firings_follow_each_other_on_whole_minutes(line: str, zone: str, after: datetime) -> None:
    firings = list_firings(check_cron(line), zone, after)
    assert len(firings) == 6
    assert all(earlier < later for earlier, later in pairwise([after, *firings]))
    assert all((one.second, one.microsecond) == (0, 0) for one in firings)


@given(_HOURS, st.sampled_from(ZONES), _MOMENTS)
def test_a_firing_has_the_wall_time_of_its_line_or_ends_a_gap(
    line: str, zone: str, after: datetime
) -> None:
    minute, hour, *_ = line.split()
    for moment in list_firings(line, zone, after, 100):
        local = moment.astimezone(ZoneInfo(zone))
        before = (moment - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
        ends_gap = (local.utcoffset() or timedelta()) > (before.utcoffset() or timedelta())
        is_asked = local.hour == int(hour) and (not minute.isdigit() or local.minute == int(minute))
        assert is_asked or ends_gap
        # In an hour that comes twice, it is the first of them.
        assert local.fold == 0


@given(_LINES, st.sampled_from(ZONES), _MOMENTS, st.integers(0, 400_000))
def test_who_asks_later_gets_the_same_firings(
    line: str, zone: str, after: datetime, seconds: int
) -> None:
    first, *_ = list_firings(line, zone, after, 1)
    between = min(after + timedelta(seconds=seconds), first - timedelta(microseconds=1))
    assert find_next(line, ZoneInfo(zone), between) == first


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        # Clocks go from 02:00 to 03:00.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2027-03-27T12:00+01:00",
            ["2027-03-28 03:00+0200", "2027-03-29 02:30+0200"],
        ),
        (
            "*/20 2 * * *",
            "Europe/Berlin",
            "2027-03-27T12:00+01:00",
            ["2027-03-28 03:00+0200", "2027-03-29 02:00+0200"],
        ),
        (
            "0,30 2-3 * * *",
            "Europe/Berlin",
            "2027-03-28T00:00+01:00",
            ["2027-03-28 03:00+0200", "2027-03-28 03:30+0200", "2027-03-29 02:00+0200"],
        ),
        (
            "0 */2 * * *",
            "Europe/Berlin",
            "2027-03-28T00:00+01:00",
            ["2027-03-28 03:00+0200", "2027-03-28 04:00+0200"],
        ),
        # From 03:00 back to 02:00.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2027-10-31T00:00+02:00",
            ["2027-10-31 02:30+0200", "2027-11-01 02:30+0100"],
        ),
        (
            "*/30 2 * * *",
            "Europe/Berlin",
            "2027-10-31T00:00+02:00",
            ["2027-10-31 02:00+0200", "2027-10-31 02:30+0200", "2027-11-01 02:00+0100"],
        ),
        # In the second of these hours: what is due in it was due in the first one.
        ("30 2 * * *", "Europe/Berlin", "2027-10-31T02:10+01:00", ["2027-11-01 02:30+0100"]),
        # Each hour is each hour that passes.
        (
            "0 * * * *",
            "Europe/Berlin",
            "2027-10-31T01:00+02:00",
            ["2027-10-31 02:00+0200", "2027-10-31 02:00+0100", "2027-10-31 03:00+0100"],
        ),
        (
            "0 0-23 * * *",
            "Europe/Berlin",
            "2027-10-31T01:00+02:00",
            ["2027-10-31 02:00+0200", "2027-10-31 02:00+0100", "2027-10-31 03:00+0100"],
        ),
        (
            "15 * * * *",
            "Europe/Berlin",
            "2027-03-28T01:00+01:00",
            ["2027-03-28 01:15+0100", "2027-03-28 03:15+0200"],
        ),
        # Half an hour is left out, midnight is, and a day is.
        ("15 2 * * *", "Australia/Lord_Howe", "2027-10-03T00:00+10:30", ["2027-10-03 02:30+1100"]),
        ("0 0 * * *", "Africa/Cairo", "2027-04-29T12:00+02:00", ["2027-04-30 01:00+0300"]),
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T13:00-10:00", ["2011-12-31 00:00+1400"]),
        # Days: either of two, the last one, and the nth.
        (
            "0 0 13 * 5",
            "UTC",
            "2027-01-02T00:00+00:00",
            ["2027-01-08 00:00+0000", "2027-01-13 00:00+0000", "2027-01-15 00:00+0000"],
        ),
        ("0 0 L * *", "UTC", "2028-02-01T00:00+00:00", ["2028-02-29 00:00+0000"]),
        ("0 0 * * MON#1", "UTC", "2027-01-01T00:00+00:00", ["2027-01-04 00:00+0000"]),
        ("0 0 29 feb *", "UTC", "2027-01-01T00:00+00:00", ["2028-02-29 00:00+0000"]),
        ("0 0 * * 7", "UTC", "2027-01-01T00:00+00:00", ["2027-01-03 00:00+0000"]),
    ],
)
def test_a_line_fires_when_people_expect_it(
    line: str, zone: str, after: str, expected: list[str]
) -> None:
    found = list_firings(check_cron(line), zone, datetime.fromisoformat(after), len(expected))
    assert wall(found, zone) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("* * */20 * 1L", "never fires"),
        ("@reboot", "'@reboot' is none"),
        (" @daily", "'@daily' is none"),
        ("@every 5s", "'@every' is none"),
        ("*/5 * * * * *", "six fields, of which one would be seconds"),
        ("0 0 0 1 1 * 2027", "must be five fields"),
        ("", "must be five fields"),
        ("* * * *", "must be five fields"),
        ("60 * * * *", "'60' as its minute"),
        ("-1 * * * *", "'-1' as its minute"),
        ("*/0 * * * *", "'*/0' as its minute"),
        ("1.5 * * * *", "'1.5' as its minute"),
        ("0 24 * * *", "'24' as its hour"),
        ("0 5-3 * * *", "'5-3' as its hour"),
        ("0 0 0 * *", "'0' as its day of month"),
        ("0 0 L-3 * *", "'L-3' as its day of month"),
        ("0 0 * 13 *", "'13' as its month"),
        ("0 0 * * 8", "'8' as its day of week"),
        ("0 0 * * MON#6", "'MON#6' as its day of week"),
        ("0 0 * * FUN", "'FUN' as its day of week"),
        ("H * * * *", "'H' as its minute"),
        ("? * * * *", "'[?]' as its minute"),
        ("\N{ARABIC-INDIC DIGIT ONE} * * * *", "as its minute"),
        ("0\x00 * * * *", "as its minute"),
        ("0, * * * *", "'0,' as its minute"),
    ],
)
def test_a_line_that_is_none_or_never_fires_is_refused(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_cron(line)


@given(st.text(alphabet="0123456789*/,#-L W\t@MONJA", max_size=40))
def test_whatever_is_taken_for_a_line_fires(text: str) -> None:
    try:
        line = check_cron(text)
    except ValueError:
        return
    assert find_next(line, ZoneInfo("Europe/Berlin"), datetime(2027, 1, 1, tzinfo=UTC)) is not None


def test_a_line_is_kept_with_one_blank_between_its_fields() -> None:
    assert check_cron(" 0\t0  * * mon-fri\n") == "0 0 * * mon-fri"
