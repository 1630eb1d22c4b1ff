# SPDX-License-Identifier: Apache-2.0
"""One request, one answer: what is packed, where proxies are asked, and how long it may take."""

import gzip
import http.client
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest

from inventory_service.client.exchanges import Answer, Exchanges, is_loopback
from tests.service.client.conftest import Serve, answer


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that accepts connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def send(base: str, path: str = "/x", **timeouts: float) -> Answer:
    limits = (timeouts.get("connect_s", 5), timeouts.get("read_s", 5))
    return Exchanges(base, limits).send(ask(base + path))


def ask(url: str) -> urllib.request.Request:
    return urllib.request.Request(url)  # noqa: S310 (of a server of these tests)


@pytest.mark.parametrize(
    ("url", "is_near"),
    [
        ("http://127.0.0.1:9008", True),
        ("http://127.8.8.8", True),
        ("http://localhost/prefix", True),
        ("http://[::1]:9008", True),
        ("http://10.0.0.1", False),
        ("https://localhost.example", False),
    ],
)
def test_this_machine_is_known(url: str, *, is_near: bool) -> None:
    assert is_loopback(url) == is_near


def test_an_answer_of_another_machine_may_be_packed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"a": 1}' * 100
    server = serve((200, {"Content-Encoding": "gzip"}, gzip.compress(body)), answer(200, {}))
    with monkeypatch.context() as patched:
        patched.setattr("inventory_service.client.exchanges.is_loopback", lambda _: False)
        assert send(server.url).body == body
    send(server.url)
    packed, plain = (heads.get("Accept-Encoding") for _, heads in server.seen)
    assert (packed, plain) == ("gzip", "identity")


def test_a_packed_answer_that_is_cut_short_is_a_fault(serve: Serve) -> None:
    cut = gzip.compress(b"x" * 1000)[:-9]
    server = serve((200, {"Content-Encoding": "gzip"}, cut))
    with pytest.raises(http.client.IncompleteRead):
        send(server.url)


def test_a_proxy_is_asked_for_other_machines_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(answer(200, "by the proxy"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert send("http://quartermaster.example").body == b'"by the proxy"'
    assert proxy.seen[0][0] == "http://quartermaster.example/x"
    assert send(serve(answer(200, "itself")).url).body == b'"itself"'


@pytest.mark.parametrize(
    ("method", "status"), [("send", 204), ("send", 304), ("send", 599), ("stream", 404)]
)
def test_each_status_is_an_answer(serve: Serve, method: str, status: int) -> None:
    url = serve((status, {"Location": "http://127.0.0.1:1/"}, b"")).url
    found = getattr(Exchanges(url, (5, 5)), method)(ask(url))
    assert isinstance(found, Answer)
    assert (found.status, found.is_good) == (status, status == 204)
    assert found.is_redirect == (status == 304)


def test_a_silent_server_is_given_up_after_the_time_to_read(silent: str) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        send(silent, connect_s=30, read_s=0.1)
    assert time.monotonic() - begun < 10


def test_an_answer_has_the_time_to_read_and_not_that_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        go_on = threading.Event()

        def serve_slowly() -> None:
            with server.accept()[0] as connection:
                connection.recv(4096)
                go_on.wait(0.3)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve_slowly)
        thread.start()
        assert send(url, connect_s=0.1, read_s=10).body == b"ok"
        thread.join()
