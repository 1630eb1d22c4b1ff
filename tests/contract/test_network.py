# SPDX-License-Identifier: Apache-2.0
"""A test that reaches for another machine fails, here and in the other suites on loopback."""

import socket

import pytest

#: Reserved for documentation (RFC 5737, RFC 3849).
ELSEWHERE = ["192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_connection_to_another_machine_fails_the_test(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_DGRAM) as opened,
        pytest.raises(BaseException, match=r"use a server on 127\.0\.0\.1"),
    ):
        opened.connect((host, 9))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_to_this_machine_is_made(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=10).close()
