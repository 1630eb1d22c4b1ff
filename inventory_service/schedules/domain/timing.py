# SPDX-License-Identifier: Apache-2.0
"""When a schedule fires: by a cron line or once, later by its jitter, and what counts as missed."""

import functools
import hashlib
import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.schedules.domain.cron import find_next

#: A firing that is later than this is missed: a worker that was begun anew is not as late.
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Timing:
    """The moments at which a schedule fires."""

    cron: str | None
    #: For a schedule that fires once.
    at: datetime | None
    time_zone: str
    #: By how much each firing is later.
    delay: timedelta

    def find_next(self, after: datetime) -> datetime | None:
        """Return the first moment after another one at which it fires; None for never.

        :raises BadInput: this machine does not know the time zone.
        """
        after -= self.delay
        if self.cron is not None:
            found = find_next(self.cron, find_zone(self.time_zone), after)
        else:
            found = self.at if self.at is not None and self.at > after else None
        return None if found is None else found + self.delay

    def is_missed(self, planned: datetime, now: datetime) -> bool:
        """Return whether a firing is too late, and no later one is due and in time.

        :raises BadInput: as `find_next`.
        """
        earliest = now - PATIENCE
        if planned >= earliest:
            return False
        later = self.find_next(earliest)
        return later is None or later > now


def make_timing(
    name: str, *, cron: str | None, at: str | None, time_zone: str, jitter_s: int
) -> Timing:
    """Return the timing of a schedule.

    :raises BadInput: it has neither a cron line nor a moment.
    """
    if cron is None and at is None:
        raise BadInput(
            f"Schedule '{name}' would never fire. Give it `cron`, or `at` for once.",
            field_errors=[FieldError("cron", "is missing, and so is `at`")],
        )
    moment = None if at is None else datetime.fromisoformat(at)
    return Timing(cron, moment, time_zone, choose_delay(name, jitter_s))


def choose_delay(name: str, jitter_s: int) -> timedelta:
    """Return how much later a schedule fires: always the same, up to its jitter.

    By chance of its name, so that schedules of one hour don't fire together, while the time
    between two firings of one of them stays as its cron line has it.
    """
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    return timedelta(seconds=number % (jitter_s + 1))


def check_time_zone(name: str) -> str:
    """Return the name if it is that of a time zone.

    :raises ValueError: it is not.
    """
    if name not in _list_zones():
        raise ValueError("must be the name of a time zone of IANA: Europe/Berlin, UTC")
    return name


def find_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone.

    :raises BadInput: this machine does not know it.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError:
        raise BadInput(
            f"This machine knows no time zone '{name}'. Install a newer tzdata, or choose another.",
            field_errors=[FieldError("time_zone", "is not known")],
        ) from None


@functools.cache
def _list_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
