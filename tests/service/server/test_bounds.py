# SPDX-License-Identifier: Apache-2.0
"""Each bound ends exactly the connections that are beyond it."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from inventory_service.server.bounds import enforce
from inventory_service.server.connections import Connection
from inventory_service.settings import Settings

NOW = 1000.0
SETTINGS = Settings(
    arrival_timeout_s=30,
    idle_timeout_s=20,
    answer_timeout_s=40,
    max_connections=10,
    max_held_bytes=16 * 1024 * 1024,
)


@dataclass
class Fake:
    """A connection as the bounds see it."""

    waiting_since: float = NOW
    request: object | None = None
    requests: list[object] = field(default_factory=list)
    total_outbufs_len: int = 0
    unread_since: float | None = None
    lingers_until: float | None = None
    held_bytes: int = 0
    fate: str = "kept"
    addr: tuple[str, int] = ("203.0.113.9", 40000)

    @property
    def is_busy(self) -> bool:
        return bool(self.requests or self.total_outbufs_len)

    def end(self) -> None:
        self.fate = "ended"

    def refuse(self, error: Any) -> None:
        self.fate = f"refused {error.code}"


def look(*connections: Fake, is_stopping: bool = False) -> list[str]:
    enforce(cast("list[Connection]", connections), SETTINGS, NOW, is_stopping=is_stopping)
    return [connection.fate for connection in connections]


@pytest.mark.parametrize(
    ("connection", "fate"),
    [
        (Fake(waiting_since=NOW - 20), "kept"),
        (Fake(waiting_since=NOW - 21), "ended"),
        (Fake(waiting_since=NOW - 30, request="half"), "kept"),
        (Fake(waiting_since=NOW - 31, request="half"), "refused 408"),
        (Fake(waiting_since=NOW - 900, requests=["runs"]), "kept"),
        (Fake(total_outbufs_len=1, unread_since=NOW - 40), "kept"),
        (Fake(total_outbufs_len=1, unread_since=NOW - 41), "ended"),
        (Fake(total_outbufs_len=1, waiting_since=NOW - 900), "kept"),
        (Fake(lingers_until=NOW), "kept"),
        (Fake(lingers_until=NOW - 1), "ended"),
    ],
)
def test_times(connection: Fake, fate: str) -> None:
    assert look(connection) == [fate]


def test_an_answer_is_unread_from_the_first_look_on() -> None:
    connection = Fake(total_outbufs_len=1)
    look(connection)
    assert connection.unread_since == NOW


def test_an_answer_that_was_read_does_not_count_towards_the_next_one() -> None:
    connection = Fake(total_outbufs_len=1, unread_since=NOW - 41)
    connection.total_outbufs_len = 0
    assert look(connection) == ["kept"]
    connection.total_outbufs_len = 1
    assert look(connection) == ["kept"]
    assert connection.unread_since == NOW


def test_a_process_that_stops_ends_idle_connections_soon_and_no_others() -> None:
    idle, fresh = Fake(waiting_since=NOW - 1.5), Fake(waiting_since=NOW - 0.5)
    running, arriving = Fake(waiting_since=NOW - 9, requests=["runs"]), Fake(NOW - 9, "half")
    assert look(idle, fresh, running, arriving, is_stopping=True) == ["ended", *["kept"] * 3]


def test_the_longest_waiting_make_room_when_there_are_too_many() -> None:
    connections = [Fake(waiting_since=NOW - age) for age in range(10)]
    assert look(*connections) == [*["kept"] * 9, "ended"]
    assert look(*[Fake() for _ in range(9)]) == ["kept"] * 9


@pytest.mark.parametrize(
    "many",
    [["203.0.113.9"] * 6, [f"2001:db8:1:2::{number}" for number in range(6)]],
    ids=["one address", "one network"],
)
def test_who_opens_many_connections_makes_room_before_others(many: list[str]) -> None:
    few = [Fake(NOW - 19, addr=(f"198.51.100.{number}", 40000)) for number in range(4)]
    assert look(*few, *[Fake(NOW, addr=(one, 40000)) for one in many]) == [
        *["kept"] * 4, "ended", *["kept"] * 5,
    ]  # fmt: skip


def test_who_is_served_is_not_ended_to_make_room() -> None:
    served = Fake(waiting_since=NOW - 19, requests=["runs"])
    assert look(served, *[Fake() for _ in range(9)])[0] == "kept"


def test_where_too_much_is_held_the_largest_goes_first() -> None:
    mebibyte = 1024 * 1024
    small = Fake(held_bytes=mebibyte)
    reader = Fake(held_bytes=9 * mebibyte, total_outbufs_len=9 * mebibyte, unread_since=NOW)
    sender = Fake(held_bytes=8 * mebibyte, request="half")
    assert look(small, reader, sender) == ["kept", "ended", "kept"]
    sender = Fake(held_bytes=17 * mebibyte, request="half")
    assert look(small, sender) == ["kept", "refused 503"]
