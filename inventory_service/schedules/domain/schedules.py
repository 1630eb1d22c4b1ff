# SPDX-License-Identifier: Apache-2.0
"""Schedules: what people choose of one; all else is refused by name."""

import enum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from inventory_service.core.field_types import Label, Line, Moment
from inventory_service.fleet.domain.catalog import CatalogChange
from inventory_service.runs.domain.orders import RunChoices
from inventory_service.runs.domain.templates import SECONDS_A_DAY, TemplateName
from inventory_service.schedules.domain.cron import check_cron
from inventory_service.schedules.domain.timing import check_time_zone

#: Before the name of a schedule, where it stands for who acts.
ACTOR_PREFIX = "schedule-"
#: With the prefix it is as long as the name of a token.
ScheduleName = Annotated[Label, StringConstraints(max_length=63 - len(ACTOR_PREFIX))]
CronLine = Annotated[str, StringConstraints(max_length=255), AfterValidator(check_cron)]
TimeZone = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_time_zone)]


class CatchUp(enum.StrEnum):
    """What becomes of the firings that were missed while no worker was there."""

    NONE = "none"
    LAST = "last"


class ScheduleChange(CatalogChange, RunChoices):
    """The fields of a schedule that can change."""

    description: Line | None = None
    cron: CronLine | None = Field(
        default=None,
        description="minute, hour, day of month, month, day of week, as crontab(5) has them; it "
        "takes the place of `at`",
    )
    time_zone: TimeZone = Field(default="UTC", description="of the cron line; a name of IANA")
    at: Moment | None = Field(
        default=None, description="for a schedule that fires once; takes the place of `cron`"
    )
    jitter_s: int = Field(
        default=0,
        ge=0,
        le=SECONDS_A_DAY,
        description="each firing is later by up to so many seconds: always by as many, which "
        "depend on the schedule's name",
    )
    catch_up: CatchUp = Field(
        default=CatchUp.NONE,
        description="whether it fires once, late, if firings were missed while no worker was there",
    )
    is_paused: bool = Field(default=False, description="whether it does not fire for now")

    @model_validator(mode="after")
    def _check_timing(self) -> Self:
        """Let one of the two ways to fire take the place of the other.

        :raises ValueError: both are given.
        """
        if self.cron is not None and self.at is not None:
            raise ValueError("has both `cron` and `at`: choose one")
        if self.cron is not None:
            self.at = None
        elif self.at is not None:
            self.cron = None
        return self


class ScheduleRegistration(ScheduleChange):
    """The fields of a new schedule; its template stays."""

    schedule: ScheduleName
    template: TemplateName
