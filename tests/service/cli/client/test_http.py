# SPDX-License-Identifier: Apache-2.0
"""Each answer of the service, and each silence, becomes an exit code and a message with a step."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.http import Api, Target, path_of
from inventory_service.cli.client.profiles import Connection

NODE = Target("node", "web-1")

Serve = Callable[..., Api]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that gives prepared answers and keeps the requests that it saw."""
    servers = []

    def start(*answers: tuple[int, dict[str, str], bytes]) -> Api:
        rest = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
                status, headers, body = rest.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PATCH = do_GET  # noqa: N815 (the names that http.server calls)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        server.seen = []  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        pauses: list[float] = []
        connection = Connection(f"http://127.0.0.1:{server.server_port}", "qm_token")
        api = Api(connection, pause=pauses.append)
        api.seen, api.pauses = server.seen, pauses  # type: ignore[attr-defined]
        return api

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(status: int, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps(body).encode()


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


def later(status: int, wait_s: object) -> tuple[int, dict[str, str], bytes]:
    return answer(status, {"detail": "Not now"}, **{"Retry-After": str(wait_s)})


@pytest.mark.parametrize(
    ("method", "status"),
    [("get", 429), ("post", 429), ("patch", 429), ("get", 503), ("patch", 503)],
)
def test_a_service_that_asks_to_come_later_is_asked_again_and_the_wait_is_told(
    serve: Serve, capsys: pytest.CaptureFixture[str], method: str, status: int
) -> None:
    api = serve(later(status, 7), later(status, 0), answer(200, {"a": 1}))
    body = () if method == "get" else ({},)
    assert getattr(api, method)("/api/v1/nodes", NODE, *body) == {"a": 1}
    assert api.pauses == [7, 1]  # type: ignore[attr-defined]
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
    ],
)
def test_the_patience_has_an_end(
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


def test_without_a_connection_a_request_is_tried_again_only_with_a_key() -> None:
    pauses: list[float] = []
    api = Api(Connection("http://127.0.0.1:1", None), pause=pauses.append)
    for key, waits in ((None, 0), ("k", 3)):
        with pytest.raises(Failure) as caught:
            api.post("/api/v1/imports", NODE, {}, key=key)
        assert (caught.value.exit_code, len(pauses)) == (Exit.UNREACHABLE, waits)


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
    with pytest.raises(Failure, match="cannot be a name") as caught:
        path_of("nodes", Target("node", name))
    assert caught.value.exit_code == Exit.NOT_FOUND
