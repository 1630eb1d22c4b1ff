# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client takes whole answers only, retries little, and gives no token away."""

from __future__ import annotations

import gzip
import socket
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    Client,
    ClientError,
    segment,
)

TOKEN = "qm_0123456789_secret"
PROBLEM = {"title": "Conflict", "detail": "Node 'a' is retired", "status": 409}


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(loopback: t.Any, pauses: list[float]) -> Client:
    return Client(loopback.url, TOKEN, timeout_s=5, pause=pauses.append)


def test_an_answer_is_decoded_and_the_request_says_who_asks(
    loopback: t.Any, client: Client
) -> None:
    loopback.reply({"a": 1})
    assert client.json("POST", "/x", {"b": 2}, {"state": ["active", "failed"], "no": None}) == {
        "a": 1
    }
    (asked,) = loopback.asked
    assert (asked.method, asked.path, asked.body) == (
        "POST",
        "/x?state=active&state=failed",
        {"b": 2},
    )
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["x-quartermaster-door"] == "ansible"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param({"document": b'{"a": 1}', "cut": 3}, "cut short", id="cut short"),
        pytest.param({"document": b"<html>"}, "not JSON", id="html declared as json"),
        pytest.param(
            {"document": b"{}", "headers": {"Content-Type": "text/html"}}, "text/html", id="html"
        ),
        pytest.param({"document": b"{}", "headers": {"Content-Type": ""}}, "nothing", id="no type"),
        pytest.param(
            {"document": b"{}", "headers": {"Content-Length": ""}}, "no length", id="no length"
        ),
        pytest.param(
            {"document": gzip.compress(b"{}")[:-3], "headers": {"Content-Encoding": "gzip"}},
            "gzip",
            id="cut gzip",
        ),
        pytest.param(
            {"document": b"{}", "headers": {"Content-Encoding": "gzip"}}, "gzip", id="no gzip"
        ),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(
    loopback: t.Any, client: Client, reply: dict[str, t.Any], reason: str
) -> None:
    loopback.reply(**reply)
    with pytest.raises(ClientError, match=reason) as caught:
        client.json("GET", "/x")
    assert loopback.url in str(caught.value)
    assert len(loopback.asked) == 1


def test_a_packed_answer_is_unpacked(loopback: t.Any, client: Client) -> None:
    loopback.reply(gzip.compress(b'{"a": "\\u017c"}'), headers={"Content-Encoding": "gzip"})
    assert client.json("GET", "/x") == {"a": "ż"}


def test_a_redirect_is_refused_and_the_token_goes_nowhere(loopback: t.Any, client: Client) -> None:
    loopback.reply(status=307, headers={"Location": f"{loopback.url}/elsewhere"})
    with pytest.raises(ClientError, match="Redirects are refused") as caught:
        client.json("GET", "/x")
    assert caught.value.status == 307
    assert [asked.path for asked in loopback.asked] == ["/x"]


def test_a_refusal_names_url_reason_and_next_step_but_never_the_token(
    loopback: t.Any, client: Client
) -> None:
    loopback.reply({"title": "Unauthorized", "detail": f"no account has {TOKEN}"}, status=401)
    with pytest.raises(ClientError) as caught:
        client.json("GET", "/x")
    message = str(caught.value)
    assert loopback.url in message
    assert "Unauthorized" in message
    assert "QM_TOKEN" in message
    assert TOKEN not in message


def test_the_problem_of_a_refusal_is_kept_with_its_fields(loopback: t.Any, client: Client) -> None:
    errors = [{"field": "internal_ip", "reason": "is not an address"}]
    loopback.reply({**PROBLEM, "errors": errors}, status=422)
    with pytest.raises(ClientError, match="internal_ip: is not an address") as caught:
        client.json("POST", "/x", {})
    assert caught.value.status == 422
    assert caught.value.problem["errors"] == errors


def test_a_service_that_asks_to_come_back_is_asked_again(
    loopback: t.Any, client: Client, pauses: list[float]
) -> None:
    loopback.reply(PROBLEM, status=503, headers={"Retry-After": "2"})
    loopback.reply(PROBLEM, status=503, headers={"Retry-After": "0"})
    loopback.reply({"a": 1})
    assert client.json("GET", "/x") == {"a": 1}
    assert pauses == [2.0, 0.5]


def test_a_request_that_is_one_too_many_is_sent_again_whatever_it_does(
    loopback: t.Any, client: Client, pauses: list[float]
) -> None:
    loopback.reply(PROBLEM, status=429, headers={"Retry-After": "41"})
    loopback.reply({"a": 1})
    assert client.json("POST", "/x", {"b": 2}) == {"a": 1}
    assert pauses == [41.0]


def test_what_has_a_key_is_sent_again_with_the_same_key(
    loopback: t.Any, client: Client, pauses: list[float]
) -> None:
    loopback.reply(PROBLEM, status=503, headers={"Retry-After": "1"})
    loopback.reply({"a": 1})
    assert client.json("POST", "/x", {"b": 2}, key="once") == {"a": 1}
    assert [asked.headers["idempotency-key"] for asked in loopback.asked] == ["once", "once"]
    assert pauses == [1.0]


def test_all_pauses_of_a_request_together_are_a_minute_at_most(
    loopback: t.Any, client: Client, pauses: list[float]
) -> None:
    for _again in range(2):
        loopback.reply(PROBLEM, status=429, headers={"Retry-After": "40"})
    with pytest.raises(ClientError, match="fewer forks") as caught:
        client.json("GET", "/x")
    assert caught.value.status == 429
    assert pauses == [40.0]


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        pytest.param("POST", 503, {"Retry-After": "1"}, id="not idempotent"),
        pytest.param("GET", 503, {}, id="no time named"),
        pytest.param("GET", 503, {"Retry-After": "3600"}, id="too long a wait"),
        pytest.param("POST", 429, {}, id="limited, and no time named"),
        pytest.param("GET", 429, {"Retry-After": "61"}, id="limited for too long"),
        pytest.param("GET", 500, {"Retry-After": "1"}, id="a fault"),
        pytest.param("GET", 409, {}, id="a conflict"),
    ],
)
def test_what_must_not_be_repeated_is_asked_once(
    loopback: t.Any, client: Client, method: str, status: int, headers: dict[str, str]
) -> None:
    loopback.reply(PROBLEM, status=status, headers=headers)
    with pytest.raises(ClientError):
        client.json(method, "/x")
    assert len(loopback.asked) == 1


def test_a_refused_connection_is_tried_four_times_with_growing_pauses(pauses: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ClientError, match="Check that the service runs"):
            Client(url, TOKEN, pause=pauses.append).json("POST", "/x")
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


def test_silence_ends_with_the_timeout(loopback: t.Any) -> None:
    loopback.reply({}, holds=True)
    with pytest.raises(ClientError, match="timed out"):
        Client(loopback.url, timeout_s=0.1).json("GET", "/x")
    assert len(loopback.asked) == 1


def test_an_unchanged_answer_has_no_body(loopback: t.Any, client: Client) -> None:
    loopback.reply({"a": 1}, headers={"ETag": '"v1"'})
    assert client.get("/x").headers["etag"] == '"v1"'
    assert client.get("/x", etag='"v1"').status == 304
    assert client.get("/x", etag='"v0"').status == 200


def test_a_list_is_read_to_its_last_page(loopback: t.Any, client: Client) -> None:
    loopback.reply({"items": [1, 2], "next_cursor": "c1"})
    loopback.reply({"items": [3], "next_cursor": None})
    assert client.items("/x", {"state": ["active"]}) == [1, 2, 3]
    assert loopback.asked[1].path == "/x?limit=1000&state=active&cursor=c1"


@pytest.mark.parametrize("page", [{"items": [1], "next_cursor": "c"}, [], {"items": None}])
def test_a_list_that_does_not_end_or_is_none_is_refused(
    loopback: t.Any, client: Client, page: t.Any
) -> None:
    loopback.reply(page)
    with pytest.raises(ClientError):
        client.items("/x")


def test_a_name_cannot_leave_its_segment_of_the_path() -> None:
    assert segment("../tokens?x#y") == "..%2Ftokens%3Fx%23y"


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "żółw"])
def test_a_token_that_cannot_stand_in_a_header_is_refused_unread(token: str) -> None:
    with pytest.raises(ClientError) as caught:
        Client("http://127.0.0.1", token)
    assert token not in str(caught.value)


def test_accounts_and_services_are_told_apart_without_the_token(loopback: t.Any) -> None:
    clients = [Client(loopback.url, TOKEN), Client(loopback.url), Client("http://x.example", TOKEN)]
    assert len({client.identity for client in clients}) == 3
    assert TOKEN not in clients[0].identity
