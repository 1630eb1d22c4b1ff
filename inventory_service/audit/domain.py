# SPDX-License-Identifier: Apache-2.0
"""Which denied requests get an audit record, so that nobody fills the database with them."""

import threading
from collections import Counter
from datetime import date

#: So many denied requests of a token have a record each, every day (UTC).
MOST_A_DAY = 1000


class RefusalBudget:
    """Counts denied requests for each actor and day, in this process.

    After `MOST_A_DAY` of them, the records of a kind get rarer: its second, fourth, eighth …
    request of the day has one, with their number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: date | None = None
        self._totals: Counter[str] = Counter()
        self._kinds: Counter[tuple[str, str]] = Counter()

    def count(self, actor: str, kind: str, today: date) -> int | None:
        """Count a denied request; return None if it gets no record.

        Otherwise 0, or in place of many the number of the actor's requests of this kind today.
        """
        with self._lock:
            if today != self._day:
                self._day = today
                self._totals.clear()
                self._kinds.clear()
            self._totals[actor] += 1
            self._kinds[actor, kind] += 1
            times = self._kinds[actor, kind]
            if self._totals[actor] <= MOST_A_DAY:
                return 0
            return times if times.bit_count() == 1 else None
