# SPDX-License-Identifier: Apache-2.0
"""What comes in time is returned; what does not is handed over, once."""

import threading

from inventory_service.chat.deadlines import do_in_time


def test_what_comes_in_time_is_returned() -> None:
    late: list[int] = []
    assert do_in_time(lambda: 7, late.append, seconds=30) == 7
    assert late == []


def test_what_comes_late_is_handed_over() -> None:
    late: list[int] = []
    may_end, has_ended = threading.Event(), threading.Event()

    def act() -> int:
        may_end.wait(30)
        return 7

    def take(result: int) -> None:
        late.append(result)
        has_ended.set()

    assert do_in_time(act, take, seconds=0.01) is None
    may_end.set()
    assert has_ended.wait(30)
    assert late == [7]
