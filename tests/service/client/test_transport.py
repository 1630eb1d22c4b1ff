# SPDX-License-Identifier: Apache-2.0
"""Each answer of the service, and each silence, is an exception with a message and a next step."""

import socket
from typing import Any

import pytest

from inventory_service.client import (
    BadInput,
    Conflict,
    Forbidden,
    Gone,
    InvalidName,
    NotFound,
    PreconditionFailed,
    RateLimited,
    Refused,
    ServiceUnreachable,
    Target,
    Unauthorized,
    Unavailable,
)
from inventory_service.client.profiles import Connection
from inventory_service.client.transport import Transport, path_of
from tests.service.client.conftest import NODE, Serve, answer


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Gone),
        (412, PreconditionFailed),
        (413, Refused),
        (422, BadInput),
        (429, RateLimited),
        (500, Refused),
        (503, Unavailable),
    ],
)
def test_each_refusal_has_its_kind_and_carries_the_problem_document(
    serve: Serve, status: int, kind: type[Refused]
) -> None:
    problem = {"title": "T", "detail": "The very reason", "errors": [{"field": "a"}, 3]}
    api = serve(answer(status, problem))
    with pytest.raises(Refused) as caught:
        api.get("/api/v1/nodes/web-1", NODE)
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.problem, error.field_errors) == (status, problem, [{"field": "a"}])
    assert error.message.startswith("node web-1: The very reason")
    assert str(error) == error.message


@pytest.mark.parametrize("status", [401, 403, 404, 409, 412, 422, 429, 500, 503])
def test_a_refusal_without_detail_gets_its_next_step_here(serve: Serve, status: int) -> None:
    with pytest.raises(Refused) as caught:
        serve(answer(status)).get("/api/v1/nodes/web-1", NODE)
    assert caught.value.next_step


def test_each_field_at_fault_is_named(serve: Serve) -> None:
    field_errors = [
        {"field": "region", "reason": "is no label"},
        {"field": "spec", "reason": "unknown"},
    ]
    api = serve(answer(422, {"title": "Bad input", "errors": field_errors}))
    with pytest.raises(BadInput, match=r"region: is no label\n  spec: unknown"):
        api.post("/api/v1/nodes", NODE, {})


@pytest.mark.parametrize("body", [b"<h1>Bad gateway</h1>", b"", b"[]", b'{"errors": 3}'])
def test_a_refusal_that_is_no_problem_document_is_still_told(serve: Serve, body: bytes) -> None:
    api = serve((502, {}, body))
    with pytest.raises(Refused, match="node web-1: Bad Gateway \\(502"):
        api.get("/api/v1/nodes/web-1", NODE)


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"cut'])
def test_a_good_status_without_json_is_another_server(serve: Serve, body: bytes) -> None:
    with pytest.raises(ServiceUnreachable, match="not with JSON"):
        serve((200, {}, body)).get("/api/v1/status", Target("status"))


def test_a_redirect_is_refused_so_that_the_token_stays_here(serve: Serve) -> None:
    api = serve((302, {"Location": "http://127.0.0.1:1/other"}, b""))
    with pytest.raises(ServiceUnreachable, match="redirect"):
        api.get("/api/v1/status", Target("status"))


def test_a_closed_port_is_told_with_the_way_to_start_the_service() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api = Transport(Connection(f"http://127.0.0.1:{free.getsockname()[1]}", None))
        with pytest.raises(ServiceUnreachable, match="not reachable") as caught:
            api.get("/api/v1/status", Target("status"))
    assert "qm serve" in caught.value.next_step


def test_a_server_that_speaks_no_tls_is_told_after_the_seconds_that_were_waited() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        api = Transport(Connection(url, None), timeout_s=(0.2, 600))
        with pytest.raises(
            ServiceUnreachable, match=r"not reachable: no answer within [0-9]+ s$"
        ) as caught:
            api.get("/api/v1/status", Target("status"))
    assert "http:// instead of https://" in caught.value.next_step


def test_a_server_that_answers_without_tls_is_told(serve: Serve) -> None:
    plain = serve(answer(200)).url
    with pytest.raises(ServiceUnreachable, match="it does not speak TLS") as caught:
        Transport(Connection(plain.replace("http", "https"), None)).get("/api/v1/status", NODE)
    assert "http:// instead of https://" in caught.value.next_step


@pytest.mark.parametrize(
    ("token", "told"),
    [(None, "needs a token, and there is none to send"), ("qm_token", "The token is not valid")],
)
def test_who_has_no_good_token_is_told_where_one_is_kept(
    serve: Serve, token: str | None, told: str
) -> None:
    url = serve(answer(401, {"detail": "The token is not valid. Send a header."})).url
    with pytest.raises(Unauthorized, match=told) as caught:
        Transport(Connection(url, token)).get("/api/v1/status", NODE)
    for step in ("QM_TOKEN", "config.ini", "qm init --save-profile"):
        assert step in caught.value.next_step


def test_every_request_shows_the_token_and_the_door_whatever_netrc_and_proxies_say(
    serve: Serve, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    api = serve(answer(200, {}))
    api.get("/api/v1/status", Target("status"))
    _, headers = api.seen[0]
    assert headers["Authorization"] == "Bearer qm_token"
    assert headers["X-Quartermaster-Door"] == "cli"


def test_a_list_is_read_page_after_page_up_to_its_limit(serve: Serve) -> None:
    page = [{"node_id": str(number)} for number in range(3)]
    api = serve(
        answer(200, {"items": page, "next_cursor": "c&=1"}),
        answer(200, {"items": page[:2], "next_cursor": "more"}),
    )
    assert len(list(api.items("/api/v1/nodes", NODE, {"state": ["any"]}, limit=5))) == 5
    first, second = (path for path, _ in api.seen)
    assert first == "/api/v1/nodes?state=any&limit=5"
    assert second == "/api/v1/nodes?state=any&limit=2&cursor=c%26%3D1"


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("web-1", "web-1"),
        ("../tokens", "..%2Ftokens"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("-rf", "-rf"),
        ("two\nlines", "two%0Alines"),
        ("ü %2F", "%C3%BC%20%252F"),
    ],
)
def test_a_name_stays_one_segment_of_the_path(serve: Serve, name: str, segment: str) -> None:
    api = serve(answer(200, {}))
    api.get(path_of("nodes", Target("node", name)), NODE)
    assert api.seen[0][0] == f"/api/v1/nodes/{segment}"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_dot_segment_is_not_sent_at_all(name: str) -> None:
    with pytest.raises(InvalidName, match="invalid name"):
        path_of("nodes", Target("node", name))


def test_an_answer_that_is_no_json_comes_part_by_part(serve: Serve) -> None:
    body = "ż".encode() * 100_000
    api = serve((200, {"Content-Type": "text/plain"}, body))
    parts = list(api.stream("/api/v1/runs/1/log", Target("run", "1")))
    assert len(parts) > 1
    assert b"".join(parts) == body
    ((path, _),) = api.seen
    assert path == "/api/v1/runs/1/log"


def test_a_refusal_comes_before_the_first_part(serve: Serve) -> None:
    parts = serve(answer(404, {"detail": "There is no run 1."})).stream("/x", Target("run", "1"))
    with pytest.raises(NotFound, match="run 1: There is no run 1"):
        next(parts)


def test_an_answer_that_breaks_off_is_reported_after_what_there_is(serve: Serve) -> None:
    body = b"5\r\nfirst\r\nfff\r\nhalf"
    api = serve((200, {"Transfer-Encoding": "chunked", "Content-Length": ""}, body))
    parts = api.stream("/x", Target("run", "1"))
    assert next(parts) == b"first"
    with pytest.raises(ServiceUnreachable, match="not reachable"):
        list(parts)
