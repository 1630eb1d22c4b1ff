# SPDX-License-Identifier: Apache-2.0
"""Each answer of the service, and each silence, becomes an exit code and a message with a step."""

import socket
from typing import Any

import pytest

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.http import Api, Target, path_of
from inventory_service.cli.client.profiles import Connection
from tests.service.cli.client.conftest import NODE, Serve, answer


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Exit.FAILED),
        (401, Exit.NOT_ALLOWED),
        (403, Exit.NOT_ALLOWED),
        (404, Exit.NOT_FOUND),
        (409, Exit.CONFLICT),
        (412, Exit.CONFLICT),
        (413, Exit.FAILED),
        (422, Exit.FAILED),
        (429, Exit.FAILED),
        (500, Exit.FAILED),
        (503, Exit.FAILED),
    ],
)
def test_each_refusal_has_its_code_and_names_thing_reason_and_step(
    serve: Serve, status: int, code: Exit
) -> None:
    api = serve(answer(status, {"title": "T", "detail": "The very reason", "errors": []}))
    with pytest.raises(Failure) as caught:
        api.get("/api/v1/nodes/web-1", NODE)
    assert caught.value.exit_code == code
    assert caught.value.message.startswith("node web-1: The very reason")


@pytest.mark.parametrize("status", [401, 403, 404, 409, 412, 422, 429, 500, 503])
def test_a_refusal_without_detail_gets_its_next_step_here(serve: Serve, status: int) -> None:
    with pytest.raises(Failure) as caught:
        serve(answer(status)).get("/api/v1/nodes/web-1", NODE)
    assert caught.value.next_step


def test_each_field_at_fault_is_named(serve: Serve) -> None:
    field_errors = [
        {"field": "region", "reason": "is no label"},
        {"field": "spec", "reason": "unknown"},
    ]
    api = serve(answer(422, {"title": "Bad input", "errors": field_errors}))
    with pytest.raises(Failure, match=r"region: is no label\n  spec: unknown"):
        api.post("/api/v1/nodes", NODE, {})


@pytest.mark.parametrize("body", [b"<h1>Bad gateway</h1>", b"", b"[]", b'{"errors": 3}'])
def test_a_refusal_that_is_no_problem_document_is_still_told(serve: Serve, body: bytes) -> None:
    api = serve((502, {}, body))
    with pytest.raises(Failure, match="node web-1: Bad Gateway \\(502") as caught:
        api.get("/api/v1/nodes/web-1", NODE)
    assert caught.value.exit_code == Exit.FAILED


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"cut'])
def test_a_good_status_without_json_is_another_server(serve: Serve, body: bytes) -> None:
    with pytest.raises(Failure, match="not with JSON") as caught:
        serve((200, {}, body)).get("/api/v1/status", Target("status"))
    assert caught.value.exit_code == Exit.UNREACHABLE


def test_a_redirect_is_refused_so_that_the_token_stays_here(serve: Serve) -> None:
    api = serve((302, {"Location": "http://127.0.0.1:1/other"}, b""))
    with pytest.raises(Failure, match="redirect") as caught:
        api.get("/api/v1/status", Target("status"))
    assert caught.value.exit_code == Exit.UNREACHABLE


def test_a_closed_port_is_told_with_the_way_to_start_the_service() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api = Api(Connection(f"http://127.0.0.1:{free.getsockname()[1]}", None))
        with pytest.raises(Failure, match="not reachable") as caught:
            api.get("/api/v1/status", Target("status"))
    assert caught.value.exit_code == Exit.UNREACHABLE
    assert "qm serve" in caught.value.next_step


def test_a_server_that_speaks_no_tls_is_told_after_the_seconds_that_were_waited() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        api = Api(Connection(url, None), timeout_s=(0.2, 600))
        with pytest.raises(Failure, match=r"not reachable: no answer within [0-9]+ s$") as caught:
            api.get("/api/v1/status", Target("status"))
    assert caught.value.exit_code == Exit.UNREACHABLE
    assert "http:// instead of https://" in caught.value.next_step


def test_a_server_that_answers_without_tls_is_told(serve: Serve) -> None:
    plain = serve(answer(200)).url
    with pytest.raises(Failure, match="it does not speak TLS") as caught:
        Api(Connection(plain.replace("http", "https"), None)).get("/api/v1/status", NODE)
    assert "http:// instead of https://" in caught.value.next_step


@pytest.mark.parametrize(
    ("token", "told"),
    [(None, "needs a token, and there is none to send"), ("qm_token", "The token is not valid")],
)
def test_who_has_no_good_token_is_told_where_one_is_kept(
    serve: Serve, token: str | None, told: str
) -> None:
    url = serve(answer(401, {"detail": "The token is not valid. Send a header."})).url
    with pytest.raises(Failure, match=told) as caught:
        Api(Connection(url, token)).get("/api/v1/status", NODE)
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
    _, headers = api.seen[0]  # type: ignore[attr-defined]
    assert headers["Authorization"] == "Bearer qm_token"
    assert headers["X-Quartermaster-Door"] == "cli"


def test_a_list_is_read_page_after_page_up_to_its_limit(serve: Serve) -> None:
    page = [{"node_id": str(number)} for number in range(3)]
    api = serve(
        answer(200, {"items": page, "next_cursor": "c&=1"}),
        answer(200, {"items": page[:2], "next_cursor": "more"}),
    )
    assert len(list(api.items("/api/v1/nodes", NODE, {"state": ["any"]}, limit=5))) == 5
    first, second = (path for path, _ in api.seen)  # type: ignore[attr-defined]
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
    assert api.seen[0][0] == f"/api/v1/nodes/{segment}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_dot_segment_is_not_sent_at_all(name: str) -> None:
    with pytest.raises(Failure, match="invalid name") as caught:
        path_of("nodes", Target("node", name))
    assert caught.value.exit_code == Exit.NOT_FOUND


def test_an_answer_that_is_no_json_comes_part_by_part(serve: Serve) -> None:
    body = "ż".encode() * 100_000
    api = serve((200, {"Content-Type": "text/plain"}, body))
    parts = list(api.stream("/api/v1/runs/1/log", Target("run", "1")))
    assert len(parts) > 1
    assert b"".join(parts) == body
    ((path, _),) = api.seen  # type: ignore[attr-defined] # of the fixture
    assert path == "/api/v1/runs/1/log"


def test_a_refusal_comes_before_the_first_part(serve: Serve) -> None:
    parts = serve(answer(404, {"detail": "There is no run 1."})).stream("/x", Target("run", "1"))
    with pytest.raises(Failure, match="run 1: There is no run 1") as caught:
        next(parts)
    assert caught.value.exit_code == Exit.NOT_FOUND


def test_an_answer_that_breaks_off_is_reported_after_what_there_is(serve: Serve) -> None:
    body = b"5\r\nfirst\r\nfff\r\nhalf"
    api = serve((200, {"Transfer-Encoding": "chunked", "Content-Length": ""}, body))
    parts = api.stream("/x", Target("run", "1"))
    assert next(parts) == b"first"
    with pytest.raises(Failure, match="not reachable") as caught:
        list(parts)
    assert caught.value.exit_code == Exit.UNREACHABLE
