# SPDX-License-Identifier: Apache-2.0
"""A POST goes to the address that was checked, follows nothing, and ends in time."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.senders.posts import Poster
from tests.service.notifications.conftest import Receiver

LOCAL = Allowance.parse("127.0.0.0/8")


def make_poster(allowance: Allowance = LOCAL, *answers: str, timeout_s: float = 5) -> Poster:
    left = list(answers)

    def answer(host: str, _port: int) -> Sequence[str]:
        return [left.pop(0) if left else host]

    return Poster(Addresses(allowance, answer), timeout_s)


def test_a_message_arrives(receiver: Receiver) -> None:
    outcome = make_poster().post(receiver.url, b"{}", {"X-More": "1"})
    assert (outcome.answer_code, outcome.error) == (200, None)
    [heard] = receiver.heard
    assert (heard.path, heard.body) == ("/services/sentinel-path", b"{}")
    assert heard.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert (heard.headers["Content-Type"], heard.headers["X-More"]) == ("application/json", "1")


def test_the_name_is_looked_up_once_and_the_connection_goes_to_that_address(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: a name whose second answer would be another address is not asked again."""
    asked: list[str] = []

    def answer(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    def refuse(*_words: object, **_more: object) -> None:
        raise AssertionError("it looks up a name by itself")

    reached: list[object] = []
    create = socket.create_connection

    def connect(address: tuple[str, int], *words: object) -> socket.socket:
        reached.append(address[0])
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", socket_getaddrinfo)
            return create(address, *words)  # type: ignore[arg-type]

    socket_getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", connect)
    poster = Poster(Addresses(LOCAL, answer), 5)
    url = f"http://hook.example:{receiver.port}/x"
    assert poster.post(url, b"{}", {}).answer_code == 200
    assert (asked, reached) == (["hook.example"], ["127.0.0.1"])
    assert receiver.heard[0].headers["Host"] == f"hook.example:{receiver.port}"
    # Each message is checked anew: what was allowed when it was saved may be refused by now.
    outcome = poster.post(url, b"{}", {})
    assert "never" in (outcome.error or "")
    assert len(receiver.heard) == 1


def test_the_next_address_is_tried_where_one_does_not_answer(receiver: Receiver) -> None:
    poster = Poster(Addresses(LOCAL, lambda _host, _port: ["127.0.0.2", "127.0.0.1"]), 5)
    outcome = poster.post(f"http://hook.example:{receiver.port}/", b"{}", {})
    assert outcome.answer_code == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.location = status, receiver.url
    outcome = make_poster().post(receiver.url, b"{}", {})
    assert outcome.answer_code == status
    assert "redirect" in (outcome.error or "")
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_a_refusal_is_reported_without_the_path(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.body = status, b"sentinel-answer"
    outcome = make_poster().post(receiver.url, b"{}", {})
    assert outcome.error == f"http://127.0.0.1 answers with {status}: a refusal"


def test_a_long_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.body = b"x" * 8_000_000
    assert make_poster().post(receiver.url, b"{}", {}).answer_code == 200


@pytest.mark.parametrize(
    ("url", "allowance"),
    [
        ("http://127.0.0.1:1/sentinel", Allowance()),
        ("https://127.0.0.1:1/sentinel", Allowance()),
        ("https://169.254.169.254/sentinel", LOCAL),
        ("http://127.0.0.1:1/sentinel", LOCAL),
    ],
)
def test_what_cant_be_reached_is_reported_without_the_path(url: str, allowance: Allowance) -> None:
    outcome = make_poster(allowance).post(url, b"{}", {})
    assert outcome.answer_code is None
    assert outcome.error
    assert "sentinel" not in outcome.error


def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert make_poster().post(receiver.url, b"{}", {}).answer_code == 200


def read_request(peer: socket.socket) -> None:
    """Read a request with the body `{}`: to close before its end would lose the answer."""
    heard = b""
    while not heard.endswith(b"{}") and heard[:1] in {b"", b"P"}:
        part = peer.recv(65_536)
        if not part:
            return
        heard += part


@contextlib.contextmanager
def listening(answer: bytes, *, is_slow: bool = False) -> Iterator[int]:
    """Run what answers one connection, whole or a byte now and then."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer, contextlib.suppress(OSError):
                read_request(peer)
                for byte in answer if is_slow else ():
                    peer.sendall(bytes([byte]))
                    if ended.wait(0.05):
                        return
                if not is_slow:
                    peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join()


def test_an_answer_that_drips_is_cut() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000
    with listening(answer, is_slow=True) as port:
        outcome = make_poster(timeout_s=0.3).post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert outcome.error == "http://127.0.0.1: no answer in time"


def test_what_is_no_http_is_reported_in_words_of_ours() -> None:
    with listening(b"SSH-2.0-sentinel\r\n") as port:
        outcome = make_poster().post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert outcome.error == "http://127.0.0.1: its answer is not HTTP"
    with listening(b"SSH-2.0-sentinel\r\n") as port:
        outcome = make_poster().post(f"https://127.0.0.1:{port}/", b"{}", {})
    assert outcome.error == "https://127.0.0.1: it does not speak TLS"


@pytest.mark.parametrize(("is_trusted", "code"), [(True, 200), (False, None)])
def test_tls_proves_the_name_at_the_checked_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, *, is_trusted: bool
) -> None:
    path = make_certificate(tmp_path, "hook.example")
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with contextlib.suppress(OSError), context.wrap_socket(peer, server_side=True) as safe:
                read_request(safe)
                safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://hook.example:{server.getsockname()[1]}/sentinel"
        outcome = make_poster(LOCAL, "127.0.0.1").post(url, b"{}", {})
        thread.join()
    assert outcome.answer_code == code
    if not is_trusted:
        assert outcome.error == "https://hook.example: its certificate is not trusted"


def make_certificate(folder: Path, host: str) -> Path:
    """Return a file with a key and a certificate of its own for a host."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
