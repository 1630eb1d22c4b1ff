# SPDX-License-Identifier: Apache-2.0
"""As many open files as the connections need are asked for, and no more connections promised."""

import resource

import pytest

from inventory_service.server import descriptors
from inventory_service.settings import Settings

SETTINGS = Settings(max_connections=1000, max_held_bytes=256 * 1024 * 1024, threads=8)
#: A connection each, two files for each half mebibyte held, and the process's own.
NEEDED = 1000 + 2 * 512 + 64 + 8 * 8


@pytest.mark.parametrize(
    ("limits", "wanted", "connections"),
    [
        ((1024, 524288), (NEEDED, 524288), 1000),
        ((1024, resource.RLIM_INFINITY), (NEEDED, resource.RLIM_INFINITY), 1000),
        ((65536, 524288), None, 1000),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None, 1000),
        ((1024, 2000), (2000, 2000), 2000 - (NEEDED - 1000)),
        ((1024, 1024), None, 256),
    ],
)
def test_reserve(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    wanted: tuple[int, int] | None,
    connections: int,
) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, new: raised.append(new))
    assert descriptors.reserve(SETTINGS) == connections
    assert raised == ([wanted] if wanted else [])
