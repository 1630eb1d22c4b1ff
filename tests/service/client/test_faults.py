# SPDX-License-Identifier: Apache-2.0
"""Why no answer came is told in words, with what to do."""

import socket
import ssl
from http.client import BadStatusLine, IncompleteRead
from urllib.error import URLError

import pytest

from inventory_service.client.faults import describe_fault

CERTIFICATE = ssl.SSLCertVerificationError("certificate verify failed")
NO_TLS = ssl.SSLError("wrong version number")


@pytest.mark.parametrize(
    ("error", "url", "reason", "step"),
    [
        (TimeoutError(), "http://a", "no answer within 3 s", "qm serve"),
        (TimeoutError(), "https://a", "no answer within 3 s", "http:// instead of https://"),
        (URLError(TimeoutError()), "http://a", "no answer within 3 s", "qm serve"),
        (URLError(CERTIFICATE), "https://a", "its certificate is not trusted", "qm serve"),
        (URLError(NO_TLS), "https://a", "it does not speak TLS", "http:// instead"),
        (URLError(ConnectionRefusedError()), "http://a", "refused or lost", "QM_URL"),
        (URLError(socket.gaierror()), "http://a", "the name is unknown", "QM_URL"),
        (ConnectionResetError(), "http://a", "refused or lost", "QM_URL"),
        (IncompleteRead(b""), "http://a", "in the middle of the answer", "QM_URL"),
        (BadStatusLine("SSH-2.0"), "http://a", "does not speak HTTP", "QM_URL"),
    ],
    ids=str,
)
def test_each_fault_has_its_words(error: Exception, url: str, reason: str, step: str) -> None:
    told, next_step = describe_fault(error, url, 3.4)
    assert reason in told
    assert step in next_step
