# SPDX-License-Identifier: Apache-2.0
"""Which requests are sent again, after which pauses, and when that ends."""

from typing import Any

import click
import pytest
import requests
from requests.exceptions import ConnectTimeout, ReadTimeout, SSLError

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.http import Api
from inventory_service.cli.client.invocation import Invocation
from inventory_service.cli.client.profiles import Connection
from inventory_service.cli.client.retries import MAX_REPEATS, RetryPolicy
from tests.service.cli.client.conftest import DROPPED, NODE, Serve, answer

CUT_SHORT = (201, {"Content-Length": "100"}, b'{"a"')


def later(status: int, wait_s: object) -> tuple[int, dict[str, str], bytes]:
    return answer(status, {"detail": "Not now"}, **{"Retry-After": str(wait_s)})


@pytest.mark.parametrize(
    ("method", "status"),
    [("get", 429), ("post", 429), ("patch", 429), ("get", 503), ("patch", 503)],
)
def test_a_request_that_was_postponed_is_sent_again_and_the_pause_announced(
    serve: Serve, capsys: pytest.CaptureFixture[str], method: str, status: int
) -> None:
    api = serve(later(status, 7), later(status, 0), answer(200, {"a": 1}))
    body = () if method == "get" else ({},)
    assert getattr(api, method)("/api/v1/nodes", NODE, *body) == {"a": 1}
    assert api.pauses == [7, 2]  # type: ignore[attr-defined]
    assert "trying again in 7 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("method", "answers", "pauses"),
    [
        pytest.param("post", [later(503, 1)], [], id="it may have been done"),
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
    with pytest.raises(Failure, match="Not now"):
        getattr(api, method)("/api/v1/nodes", NODE, *(() if method == "get" else ({},)))
    assert api.pauses == pauses  # type: ignore[attr-defined]


def test_a_request_with_a_key_is_sent_again_under_the_same_key(serve: Serve) -> None:
    api = serve(later(503, 7), answer(201, {"a": 1}))
    assert api.post("/api/v1/imports", NODE, {}, key="k") == {"a": 1}
    keys = [heads["Idempotency-Key"] for _, heads in api.seen]  # type: ignore[attr-defined]
    assert (keys, api.pauses) == (["k", "k"], [7])  # type: ignore[attr-defined]


@pytest.mark.parametrize("lost", [DROPPED, CUT_SHORT], ids=["dropped", "cut short"])
def test_an_answer_that_got_lost_is_asked_for_again_after_growing_pauses(
    serve: Serve, capsys: pytest.CaptureFixture[str], lost: tuple[int, dict[str, str], bytes]
) -> None:
    api = serve(lost, lost, lost, answer(201, {"a": 1}))
    assert api.post("/api/v1/imports", NODE, {}, key="k") == {"a": 1}
    keys = {heads["Idempotency-Key"] for _, heads in api.seen}  # type: ignore[attr-defined]
    assert (keys, api.pauses) == ({"k"}, [1, 2, 4])  # type: ignore[attr-defined]
    assert "The connection broke; trying again in 4 s." in capsys.readouterr().err


@pytest.mark.parametrize("lost", [DROPPED, CUT_SHORT], ids=["dropped", "cut short"])
def test_without_a_key_a_lost_answer_is_not_asked_for_again(
    serve: Serve, lost: tuple[int, dict[str, str], bytes]
) -> None:
    api = serve(lost)
    with pytest.raises(Failure) as caught:
        api.post("/api/v1/nodes", NODE, {})
    assert (caught.value.exit_code, api.pauses) == (Exit.UNREACHABLE, [])  # type: ignore[attr-defined]


def test_a_port_without_a_service_is_tried_as_often_as_allowed() -> None:
    pauses: list[float] = []
    api = Api(Connection("http://127.0.0.1:1", None), pause=pauses.append)
    with pytest.raises(Failure) as caught:
        api.post("/api/v1/imports", NODE, {}, key="k")
    assert (caught.value.exit_code, len(pauses)) == (Exit.UNREACHABLE, MAX_REPEATS)


@pytest.mark.parametrize("error", [ReadTimeout(), ConnectTimeout(), SSLError()], ids=repr)
def test_what_another_try_would_not_change_is_not_tried_again(
    error: requests.RequestException,
) -> None:
    pauses: list[float] = []
    assert not RetryPolicy(pauses.append).should_retry_error(error)
    assert pauses == []


def test_for_a_program_pauses_are_silent(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    api = serve(later(503, 1), answer(200, {}))
    with click.Context(click.Command("qm"), obj=Invocation(as_json=True)):
        api.get("/api/v1/nodes", NODE)
    assert (api.pauses, capsys.readouterr().err) == ([1], "")  # type: ignore[attr-defined]
