# SPDX-License-Identifier: Apache-2.0
"""A browser runs no script but those of the page of the API, and shows no answer in a frame."""

import base64
import hashlib
import re

import pytest

from tests.service.conftest import Caller


@pytest.mark.parametrize(
    ("path", "status"),
    [("/health/live", 200), ("/api/v1/nodes", 401), ("/x", 404), ("/api/v1/openapi.json", 200)],
)
def test_an_answer_is_no_page(stranger: Caller, path: str, status: int) -> None:
    headers = stranger.call("GET", path, status=status).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_of_the_api_runs_its_own_scripts_only(stranger: Caller) -> None:
    answer = stranger.call("GET", "/api/v1/swagger", status=200)
    policy = dict(
        one.strip().split(" ", 1) for one in answer.headers["Content-Security-Policy"].split(";")
    )
    (script,) = re.findall(r"<script>(.*?)</script>", answer.get_data(as_text=True), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["frame-ancestors"] == policy["default-src"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
