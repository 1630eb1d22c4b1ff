# SPDX-License-Identifier: Apache-2.0
"""The limits of real processes: each for itself, or all together in one Redis."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.contract.processes import Service, running_service
from tests.service import redis

LIMIT = 10


@pytest.fixture
def counter() -> Iterator[redis.Redis]:
    with redis.running() as server:
        yield server


def ask(service: Service, count: int) -> Counter[int]:
    """Return how often each status was answered; each request has a connection of its own."""
    headers = {"Authorization": f"Bearer {service.token}"}
    return Counter(
        requests.get(f"{service.url}/api/v1/status", headers=headers, timeout=10).status_code
        for _ in range(count)
    )


def test_two_services_share_a_limit_in_one_redis(tmp_path: Path, counter: redis.Redis) -> None:
    settings = {"QM_LIMIT_ACCOUNT_PER_MIN": str(LIMIT), "QM_LIMITER_URL": counter.url}
    (tmp_path / "other").mkdir()
    with (
        running_service(tmp_path, **settings) as first,
        running_service(tmp_path / "other", **settings) as second,
    ):
        # Both call their administrator `admin`, which is who is counted.
        answers = ask(first, LIMIT - 3) + ask(second, LIMIT - 3)
    assert answers == {200: LIMIT, 429: LIMIT - 6}


def test_processes_of_one_service_share_it_too_and_nobody_is_warned(
    tmp_path: Path, counter: redis.Redis
) -> None:
    settings = {"QM_LIMIT_ACCOUNT_PER_MIN": str(LIMIT), "QM_LIMITER_URL": counter.url}
    with running_service(tmp_path, "--workers", "3", **settings) as service:
        assert ask(service, 3 * LIMIT) == {200: LIMIT, 429: 2 * LIMIT}
    assert "Warning" not in (tmp_path / "serve.log").read_text("utf-8")


def test_processes_that_count_for_themselves_say_so(tmp_path: Path) -> None:
    with running_service(tmp_path, "--workers", "2"):
        log = (tmp_path / "serve.log").read_text("utf-8")
    assert "up to 2 times the limits pass" in log
    assert "QM_LIMITER_URL" in log


def test_a_service_without_limits_has_nothing_to_count(tmp_path: Path) -> None:
    settings = {f"QM_LIMIT_{name}_PER_MIN": "0" for name in ("TOTAL", "ADDRESS", "ACCOUNT")}
    with running_service(tmp_path, "--workers", "2", **settings) as service:
        assert ask(service, 3) == {200: 3}
    assert "Warning" not in (tmp_path / "serve.log").read_text("utf-8")
