# SPDX-License-Identifier: Apache-2.0
"""A schedule fires by its cron line or once, later by a jitter of its own, and not too late."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.schedules.domain.timing import (
    Timing,
    check_time_zone,
    choose_delay,
    find_zone,
    make_timing,
)

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
DAILY = Timing("0 2 * * *", None, "UTC", timedelta())
MINUTELY = Timing("* * * * *", None, "UTC", timedelta(seconds=90))
ONCE = Timing(None, NOON, "UTC", timedelta(seconds=10))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-01-{text}+00:00")


@pytest.mark.parametrize(
    ("timing", "after", "expected"),
    [
        (DAILY, "01T12:00", "02T02:00"),
        (DAILY, "02T02:00", "03T02:00"),
        (Timing("0 2 * * *", None, "Asia/Tokyo", timedelta()), "01T12:00", "01T17:00"),
        # A delay longer than the time between two firings leaves none out.
        (MINUTELY, "01T12:00:29", "01T12:00:30"),
        (MINUTELY, "01T12:00:30", "01T12:01:30"),
        (ONCE, "01T11:00", "01T12:00:10"),
        (ONCE, "01T12:00:09", "01T12:00:10"),
        (ONCE, "01T12:00:10", None),
    ],
)
def test_the_next_firing_comes_after_now(timing: Timing, after: str, expected: str | None) -> None:
    assert timing.find_next(at(after)) == (expected and at(expected))


@pytest.mark.parametrize(
    ("timing", "planned", "now", "is_missed"),
    [
        (DAILY, "02T02:00", "02T02:00", False),
        (DAILY, "02T02:00", "02T02:05", False),
        (DAILY, "02T02:00", "02T02:05:01", True),
        (DAILY, "02T02:00", "04T01:59", True),
        # A later one is in time.
        (DAILY, "02T02:00", "04T02:04", False),
        (MINUTELY, "01T12:00:30", "09T00:00", False),
        (ONCE, "01T12:00:10", "01T12:05:10", False),
        (ONCE, "01T12:00:10", "01T12:05:11", True),
    ],
)
def test_only_what_is_minutes_late_is_missed(
    timing: Timing, planned: str, now: str, *, is_missed: bool
) -> None:
    assert timing.is_missed(at(planned), at(now)) is is_missed


def test_a_schedule_without_any_moment_is_refused() -> None:
    with pytest.raises(BadInput, match="Schedule 'a' would never fire") as refusal:
        make_timing("a", cron=None, at=None, time_zone="UTC", jitter_s=0)
    assert refusal.value.field_errors[0].field == "cron"


def test_a_moment_is_read_as_the_api_writes_it() -> None:
    timing = make_timing("a", cron=None, at="2027-01-01T12:00:00Z", time_zone="UTC", jitter_s=0)
    assert timing.at == NOON


def test_schedules_are_spread_over_their_jitter() -> None:
    delays = [choose_delay(f"schedule-{number}", 9) for number in range(300)]
    assert {delay.total_seconds() for delay in delays} == set(range(10))
    assert choose_delay("schedule-1", 9) == delays[1]
    assert choose_delay("schedule-1", 0) == timedelta()


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+3"])
def test_a_zone_of_iana_is_taken(name: str) -> None:
    assert check_time_zone(name) == name
    assert find_zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "Europe", "Europe/Atlantis", "europe/berlin", "+01:00", "CEST"),
        *("../../../etc/localtime", "/etc/localtime", "posix/Europe/Berlin", "right/UTC"),
        *("zone.tab", "Europe/Berlin\x00", "Europe/Berlin/"),
    ],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="time zone of IANA"):
        check_time_zone(name)


def test_a_zone_that_is_gone_from_this_machine_is_named() -> None:
    with pytest.raises(BadInput, match="knows no time zone 'Europe/Atlantis'"):
        find_zone("Europe/Atlantis")
