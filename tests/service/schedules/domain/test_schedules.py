# SPDX-License-Identifier: Apache-2.0
"""What a schedule may be is checked field by field; what is not known is refused by its name."""

from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.schedules.domain.schedules import ScheduleChange, ScheduleRegistration

FIRST = {"schedule": "nightly", "template": "site", "cron": "0 2 * * *"}


def test_the_usual_is_to_fire_in_utc_and_to_make_up_for_nothing() -> None:
    wanted = ScheduleRegistration(**FIRST)
    assert (wanted.time_zone, wanted.catch_up, wanted.jitter_s) == ("UTC", "none", 0)
    assert (wanted.is_paused, wanted.limit, wanted.check) == (False, "", False)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "* * * * * *"}, "cron"),
        ({"cron": "0 0 * * " + "*" * 255}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"at": "2027-01-01T02:00:00"}, "at"),
        ({"at": "tomorrow"}, "at"),
        ({"jitter_s": -1}, "jitter_s"),
        ({"jitter_s": 86_401}, "jitter_s"),
        ({"catch_up": "all"}, "catch_up"),
        ({"is_paused": None}, "is_paused"),
        ({"schedule": "a" * 55}, "schedule"),
        ({"schedule": "--all"}, "schedule"),
        ({"schedule": "Nightly"}, "schedule"),
        ({"template": "-e"}, "template"),
        ({"tags": ["--become"]}, "tags"),
        ({"skip_tags": ["-t"]}, "skip_tags"),
        ({"limit": "a" * 65_537}, "limit"),
        ({"answers": ["x"]}, "answers"),
        ({"extra_vars": {}}, "extra_vars"),
        ({"next_at": "2027-01-01T02:00:00Z"}, "next_at"),
        ({"scope": "admin"}, "scope"),
    ],
)
def test_what_is_not_valid_is_refused_by_its_name(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        ScheduleRegistration(**FIRST | fields)
    assert {error["loc"][0] for error in refusal.value.errors()} == {place}


def test_a_name_leaves_room_for_who_acts() -> None:
    assert ScheduleRegistration(**FIRST | {"schedule": "a" * 54}).schedule == "a" * 54


def test_one_way_to_fire_takes_the_place_of_the_other() -> None:
    cron = ScheduleChange(cron="0 2 * * *")
    assert {"cron", "at"} <= cron.model_fields_set
    assert cron.at is None
    once = ScheduleChange(at="2027-01-01T02:00:00+01:00")
    assert {"cron", "at"} <= once.model_fields_set
    assert once.model_dump(mode="json")["at"] == "2027-01-01T01:00:00Z"
    assert ScheduleChange(check=True).model_fields_set == {"check"}
    with pytest.raises(ValidationError, match="both `cron` and `at`"):
        ScheduleChange(cron="0 2 * * *", at="2027-01-01T02:00:00Z")


def test_a_template_stays() -> None:
    with pytest.raises(ValidationError):
        ScheduleChange(template="site")
