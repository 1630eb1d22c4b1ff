# SPDX-License-Identifier: Apache-2.0
"""Who asks too often waits: accounts, addresses without one, and all together."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inventory_service.core.actors import Scope
from inventory_service.settings import Settings
from tests.service import redis
from tests.service.conftest import Caller, make_caller

WRONG = "qm_000000000000_" + "A" * 43
RECOVERY_S = 30
NODES = "/api/v1/nodes"

MakeLimited = Callable[..., Flask]


@pytest.fixture
def make_limited(make_app: Callable[[Settings], Flask], settings: Settings) -> MakeLimited:
    """Make the service with some limits, and no others."""

    def make(**said: Any) -> Flask:
        limits = dict.fromkeys(("total", "address", "account"), 0) | {
            name: said.pop(name) for name in set(said) & {"total", "address", "account"}
        }
        named = {f"limit_{name}_per_min": amount for name, amount in limits.items()}
        return make_app(settings.model_copy(update={**named, **said}))

    return make


def ask(caller: Caller, count: int, path: str = NODES, **options: Any) -> list[int]:
    """Return the statuses of some requests."""
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    return [caller.client.get(path, headers=headers, **options).status_code for _ in range(count)]


def metrics_of(caller: Caller) -> str:
    return caller.call("GET", "/metrics", status=200).get_data(as_text=True)


def test_an_account_that_asks_too_often_is_told_to_wait(make_limited: MakeLimited) -> None:
    app = make_limited(account=3)
    busy, other = make_caller(app, Scope.VIEWER), make_caller(app, Scope.ADMIN)
    assert ask(busy, 3) == [200, 200, 200]
    answer = busy.call("GET", NODES, status=429)
    assert answer.mimetype == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.json["type"] == "urn:quartermaster:problem:LimitReached"
    assert "3 requests a minute (QM_LIMIT_ACCOUNT_PER_MIN)" in answer.json["detail"]
    assert f"again in {answer.headers['Retry-After']} s" in answer.json["detail"]
    assert ask(other, 1) == [200]
    assert other.get("/api/v1/audit?noun=request")["items"] == []
    assert 'quartermaster_limited_requests_total{limit="account"} 1.0' in metrics_of(other)


def test_a_refused_act_was_not_done(make_limited: MakeLimited) -> None:
    app = make_limited(account=1)
    operator, admin = make_caller(app, Scope.OPERATOR), make_caller(app, Scope.ADMIN)
    operator.post("/api/v1/projects", {"project": "shop"})
    operator.post("/api/v1/projects", {"project": "late"}, status=429)
    assert [one["project"] for one in admin.get("/api/v1/projects")["items"]] == ["shop"]


def test_strangers_and_wrong_tokens_of_an_address_share_its_limit(
    make_limited: MakeLimited,
) -> None:
    app = make_limited(address=4)
    client = app.test_client()
    assert ask(Caller(client, WRONG), 2) == [401, 401]
    assert ask(Caller(client, None), 4) == [401, 401, 429, 429]
    assert ask(Caller(client, WRONG), 1) == [429]
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert ask(Caller(client, WRONG), 1, environ_base=elsewhere) == [401]


def test_an_account_is_not_held_up_by_others_of_its_address(make_limited: MakeLimited) -> None:
    app = make_limited(address=1)
    viewer = make_caller(app, Scope.VIEWER)
    assert ask(Caller(viewer.client, WRONG), 3) == [401, 429, 429]
    assert ask(viewer, 5) == [200] * 5


def test_paths_cannot_be_guessed_for_free(make_limited: MakeLimited) -> None:
    stranger = Caller(make_limited(address=2).test_client(), None)
    assert ask(stranger, 3, "/wp-login.php") == [404, 404, 429]


def test_all_together_have_a_limit_that_refused_requests_do_not_use_up(
    make_limited: MakeLimited,
) -> None:
    app = make_limited(total=4, address=1)
    viewer = make_caller(app, Scope.VIEWER)
    assert ask(Caller(viewer.client, WRONG), 10) == [401] + 9 * [429]
    assert ask(viewer, 4) == [200, 200, 200, 429]
    assert "QM_LIMIT_TOTAL_PER_MIN" in viewer.get(NODES, status=429)["detail"]


def test_strangers_leave_half_of_the_total_to_those_with_a_token(
    make_limited: MakeLimited,
) -> None:
    app = make_limited(total=10, trusted_proxies=1)
    viewer = make_caller(app, Scope.VIEWER)
    statuses = [
        viewer.client.get(NODES, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(50)
    ]
    assert statuses == 5 * [401] + 45 * [429]
    assert ask(viewer, 6) == 5 * [200] + [429]


def test_a_script_without_a_token_locks_nobody_out_of_the_page_of_the_api(
    make_limited: MakeLimited,
) -> None:
    stranger = Caller(make_limited(address=4).test_client(), None)
    assert ask(stranger, 5) == 4 * [401] + [429]
    paths = ["/api/v1/docs", "/api/v1/swagger", "/api/v1/openapi.json"]
    assert [ask(stranger, 1, path)[0] for path in paths] == [302, 200, 200]
    assert ask(stranger, 2, "/api/v1/swagger") == [200, 429]


def test_zero_is_no_limit(make_limited: MakeLimited) -> None:
    viewer = make_caller(make_limited(), Scope.VIEWER)
    assert ask(viewer, 20, "/api/v1/status") == [200] * 20
    assert "limiter" not in viewer.client.application.extensions


def test_what_watches_the_service_has_no_limit(make_limited: MakeLimited) -> None:
    app = make_limited(total=1, address=1, account=1)
    viewer = make_caller(app, Scope.VIEWER)
    stranger = Caller(viewer.client, None)
    assert ask(viewer, 2) == [200, 429]
    assert ask(stranger, 5, "/health/live") == [200] * 5
    assert ask(stranger, 5, "/health/ready") == [200] * 5
    assert ask(viewer, 5, "/metrics") == [200] * 5
    # Tokens cannot be tried out there without a limit.
    assert ask(stranger, 1, "/metrics") == [429]
    assert ask(Caller(viewer.client, WRONG), 1, "/metrics") == [429]


def test_strangers_may_scrape_without_a_limit_where_that_is_open(
    make_limited: MakeLimited,
) -> None:
    stranger = Caller(make_limited(address=1, anonymous_read=True).test_client(), None)
    assert ask(stranger, 3, "/metrics") == [200] * 3
    assert ask(stranger, 2, "/api/inventory") == [200, 429]


class Clock:
    """The time of the limits, as far as the test says."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def time(self) -> float:
        return time.time() + self.offset_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("limits.storage.memory", "inventory_service.http.rate_limits"):
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


def test_the_wait_that_was_told_is_enough(make_limited: MakeLimited, clock: Clock) -> None:
    viewer = make_caller(make_limited(account=2), Scope.VIEWER)
    assert ask(viewer, 2) == [200, 200]
    clock.offset_s = 20
    wait_s = int(viewer.call("GET", NODES, status=429).headers["Retry-After"])
    assert 39 <= wait_s <= 41
    clock.offset_s += wait_s
    assert ask(viewer, 3) == [200, 200, 429]


def test_a_clock_that_is_set_back_locks_nobody_out(make_limited: MakeLimited, clock: Clock) -> None:
    viewer = make_caller(make_limited(account=2), Scope.VIEWER)
    assert ask(viewer, 3) == [200, 200, 429]
    clock.offset_s = -3600
    answer = viewer.call("GET", NODES, status=429)
    assert answer.headers["Retry-After"] == "1"
    assert ask(viewer, 2) == [200, 200]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "statuses"),
    [
        pytest.param(0, ["192.0.2.1", "192.0.2.2"], [401, 429], id="not read, so not forged"),
        pytest.param(1, ["192.0.2.1", "192.0.2.2"], [401, 401], id="the proxy tells"),
        pytest.param(
            1, ["198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1"], [401, 429], id="forged part"
        ),
        pytest.param(2, ["192.0.2.1, 10.0.0.1", "192.0.2.2, 10.0.0.1"], [401, 401], id="two hops"),
        pytest.param(1, ["no address", "none either"], [401, 429], id="no address"),
    ],
)
def test_who_stands_behind_a_proxy_is_told_apart_where_the_proxy_is_trusted(
    make_limited: MakeLimited, proxies: int, forwarded: list[str], statuses: list[int]
) -> None:
    client = make_limited(address=1, trusted_proxies=proxies).test_client()
    seen = [client.get(NODES, headers={"X-Forwarded-For": one}).status_code for one in forwarded]
    assert seen == statuses


@pytest.mark.parametrize(
    ("first", "second", "is_one_caller"),
    [
        ("2001:db8::1", "2001:db8::ffff:0:0:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_a_network_of_ipv6_is_one_caller(
    make_limited: MakeLimited, first: str, second: str, *, is_one_caller: bool
) -> None:
    client = make_limited(address=1).test_client()
    seen = [
        client.get(NODES, environ_base={"REMOTE_ADDR": address}).status_code
        for address in (first, second)
    ]
    assert seen == [401, 429 if is_one_caller else 401]


@pytest.fixture
def counter() -> Iterator[redis.Redis]:
    with redis.running() as server:
        yield server


def test_two_services_count_together_in_one_redis(
    make_limited: MakeLimited, counter: redis.Redis
) -> None:
    first = make_caller(make_limited(account=3, limiter_url=counter.url), Scope.VIEWER)
    app = make_limited(account=3, limiter_url=counter.url)
    second = Caller(app.test_client(), first.token)
    assert ask(first, 2) + ask(second, 2) == [200, 200, 200, 429]
    assert 1 <= int(first.call("GET", NODES, status=429).headers["Retry-After"]) <= 60
    assert "quartermaster_limiter_storage_up 1.0" in metrics_of(first)


@pytest.mark.parametrize("fault", ["stop", "freeze"])
def test_the_service_works_on_without_its_redis_and_finds_it_again(
    make_limited: MakeLimited,
    counter: redis.Redis,
    fault: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    viewer = make_caller(make_limited(account=3, limiter_url=counter.url), Scope.VIEWER)
    assert ask(viewer, 3) == [200] * 3
    getattr(counter, fault)()
    begun = time.monotonic()
    # It counts alone now, from nothing.
    assert ask(viewer, 4) == [200, 200, 200, 429]
    assert time.monotonic() - begun < 5
    assert "quartermaster_limiter_storage_up 0.0" in metrics_of(viewer)
    assert "rate limit storage unavailable" in capsys.readouterr().out
    counter.stop()
    counter.start()
    pause, deadline = threading.Event(), time.monotonic() + RECOVERY_S
    while ask(viewer, 1) == [429]:
        assert time.monotonic() < deadline, "Redis was not found again"
        pause.wait(0.1)
    assert "quartermaster_limiter_storage_up 1.0" in metrics_of(viewer)
    assert "rate limit storage available again" in capsys.readouterr().out


def test_a_redis_that_is_not_there_at_the_start_stops_nothing(
    make_limited: MakeLimited, tmp_path: Path
) -> None:
    url = f"redis+unix://{tmp_path}/nobody.sock"
    assert ask(make_caller(make_limited(account=2, limiter_url=url), Scope.VIEWER), 3) == [
        200,
        200,
        429,
    ]
