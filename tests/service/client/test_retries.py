# SPDX-License-Identifier: Apache-2.0
"""Which requests are sent again, after which pauses, and when that ends."""

import ssl
import urllib.error
from typing import Any

import pytest

from inventory_service.client import Refused, ServiceUnreachable
from inventory_service.client.profiles import Connection
from inventory_service.client.retries import MAX_REPEATS, RetryPolicy, reason_of
from inventory_service.client.transport import Transport
from tests.service.client.conftest import DROPPED, NODE, Serve, answer, later

CUT_SHORT = (201, {"Content-Length": "100"}, b'{"a"')


@pytest.mark.parametrize(
    ("method", "status"),
    [(method, status) for method in ("get", "post", "patch") for status in (429, 503)],
)
def test_a_request_that_was_postponed_is_sent_again_and_the_pause_announced(
    serve: Serve, method: str, status: int
) -> None:
    api = serve(later(status, 7), later(status, 0), answer(200, {"a": 1}))
    body = () if method == "get" else ({},)
    assert getattr(api, method)("/api/v1/nodes", NODE, *body) == {"a": 1}
    assert api.pauses == [7, 2]
    assert api.notices[0].endswith("; trying again in 7 s.")


@pytest.mark.parametrize(
    ("method", "answers", "pauses"),
    [
        pytest.param("get", [later(429, 61)], [], id="too long"),
        pytest.param("get", [later(429, "Sat, 21 Nov 2026 12:00:00 GMT")], [], id="a date"),
        pytest.param("get", [later(429, "²")], [], id="no number"),
        pytest.param("get", [later(500, 1)], [], id="a fault"),
        pytest.param("get", [later(429, 40), later(429, 21)], [40], id="a minute together"),
        pytest.param("get", [later(503, 5)] * 4, [5, 5, 5], id="three times"),
        pytest.param("get", [later(503, 0)] * 4, [1, 2, 4], id="growing"),
        pytest.param("get", [later(503, 3)] * 4, [3, 3, 4], id="growing beyond what was asked"),
    ],
)
def test_repeats_and_pauses_have_limits(
    serve: Serve, method: str, answers: list[Any], pauses: list[int]
) -> None:
    api = serve(*answers)
    with pytest.raises(Refused, match="Not now"):
        getattr(api, method)("/api/v1/nodes", NODE, *(() if method == "get" else ({},)))
    assert api.pauses == pauses


@pytest.mark.parametrize("given", [None, "k"], ids=["made here", "of the caller"])
def test_a_post_is_sent_again_under_the_same_key(serve: Serve, given: str | None) -> None:
    api = serve(later(503, 7), answer(201, {"a": 1}), answer(201, {}))
    assert api.post("/api/v1/imports", NODE, {}, key=given) == {"a": 1}
    api.post("/api/v1/imports", NODE, {})
    first, again, other = (heads["Idempotency-Key"] for _, heads in api.seen)
    assert first == again == (given or first)
    assert other != first
    assert api.pauses == [7]


@pytest.mark.parametrize("lost", [DROPPED, CUT_SHORT], ids=["dropped", "cut short"])
def test_an_answer_that_got_lost_is_asked_for_again_after_growing_pauses(
    serve: Serve, lost: tuple[int, dict[str, str], bytes]
) -> None:
    api = serve(lost, lost, lost, answer(201, {"a": 1}))
    assert api.post("/api/v1/imports", NODE, {}) == {"a": 1}
    keys = {heads["Idempotency-Key"] for _, heads in api.seen}
    assert (len(keys), api.pauses) == (1, [1, 2, 4])
    assert api.notices[-1] == "The connection broke; trying again in 4 s."


@pytest.mark.parametrize(
    "lost", [DROPPED, CUT_SHORT, later(503, 1)], ids=["dropped", "cut short", "busy"]
)
def test_what_cant_be_repeated_has_no_key_and_is_sent_once(
    serve: Serve, lost: tuple[int, dict[str, str], bytes]
) -> None:
    api = serve(lost)
    with pytest.raises((ServiceUnreachable, Refused)):
        api.tokens.create("deploy", scope="viewer")
    ((_, heads),) = api.seen
    assert "Idempotency-Key" not in heads
    assert api.pauses == []


def test_a_port_without_a_service_is_tried_as_often_as_allowed() -> None:
    pauses: list[float] = []
    api = Transport(Connection("http://127.0.0.1:1", None), pause=pauses.append)
    with pytest.raises(ServiceUnreachable):
        api.post("/api/v1/imports", NODE, {})
    assert len(pauses) == MAX_REPEATS


@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_request_without_a_key_is_not_sent_again_when_its_connection_breaks(
    serve: Serve, method: str
) -> None:
    api = serve(DROPPED)
    with pytest.raises(ServiceUnreachable):
        getattr(api, method)("/x", NODE, *(() if method == "get" else ({},)))
    assert api.pauses == []


@pytest.mark.parametrize("is_wrapped", [True, False], ids=["wrapped", "bare"])
@pytest.mark.parametrize("error", [TimeoutError(), ssl.SSLError()], ids=repr)
def test_what_another_try_would_not_change_is_not_tried_again(
    error: Exception, *, is_wrapped: bool
) -> None:
    pauses: list[float] = []
    policy = RetryPolicy(is_repeatable=True, pause=pauses.append)
    raised = urllib.error.URLError(error) if is_wrapped else error
    assert not policy.should_retry_error(raised)
    assert pauses == []
    assert reason_of(raised) is error
