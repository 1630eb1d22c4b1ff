# SPDX-License-Identifier: Apache-2.0
"""Each request is one line: who asked what from where, and nothing that is secret."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from inventory_service.app import create_app
from inventory_service.settings import Settings
from tests.service.conftest import Caller

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return what was logged since the last call."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


def test_a_request_is_told_with_who_what_and_how_it_went(viewer: Caller, lines: Lines) -> None:
    answer = viewer.call(
        "GET", "/api/v1/nodes/nobody", status=404, headers={"X-Quartermaster-Door": "ansible"}
    )
    (line,) = lines()
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": answer.headers["X-Request-Id"],
        "method": "GET",
        "path": "/api/v1/nodes/nobody",
        "route": "/api/v1/nodes/<node_id>",
        "status": 404,
        "bytes": len(answer.get_data()),
        "address": "127.0.0.1",
        "actor": "test-viewer",
        "door": "ansible",
    }


def test_a_stranger_has_no_name(stranger: Caller, lines: Lines) -> None:
    stranger.get("/api/v1/nodes", status=401)
    (line,) = lines()
    assert (line["status"], line["actor"], line["door"]) == (401, None, None)


def test_neither_token_nor_query_is_told(
    viewer: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    viewer.get("/api/v1/nodes?token=hidden", status=422)
    told = capsys.readouterr()
    assert "/api/v1/nodes" in told.out
    assert viewer.token
    for secret in (viewer.token, viewer.token[-43:], "hidden"):
        assert secret not in told.out + told.err


@pytest.mark.parametrize("given", ["a", "trace-1:2.3_4", "f" * 64])
def test_a_clients_own_id_is_kept(stranger: Caller, lines: Lines, given: str) -> None:
    answer = stranger.call("GET", "/api/v1/nodes", status=401, headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given
    assert [line["request_id"] for line in lines()] == [given]


@pytest.mark.parametrize("given", ["", "two words", "f" * 65, '"', "ä", "a;b", None])
def test_an_id_that_is_none_is_replaced(stranger: Caller, lines: Lines, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    first = stranger.call("GET", "/api/v1/nodes", status=401, headers=headers)
    second = stranger.call("GET", "/api/v1/nodes", status=401, headers=headers)
    made = [answer.headers["X-Request-Id"] for answer in (first, second)]
    assert len(set(made)) == 2
    assert [line["request_id"] for line in lines()] == made
    assert all(len(one) == 32 for one in made)


def test_a_path_cannot_forge_a_line(stranger: Caller, lines: Lines) -> None:
    forged = '\n{"event": "request", "status": 200}\n'
    stranger.call("GET", "/x%0A%7B%22event%22: %22request%22, %22status%22: 200%7D%0A", status=404)
    (line,) = lines()
    assert (line["path"], line["status"]) == (f"/x{forged}", 404)


def test_a_fault_is_told_whole_under_the_same_id(lines: Lines) -> None:
    app = create_app(Settings(database_url="sqlite://"))

    @app.get("/broken")
    def _broken() -> str:
        raise RuntimeError("the disk\nis gone")

    answer = app.test_client().get("/broken", headers={"X-Request-Id": "night-1"})
    assert answer.status_code == 500
    fault, line = lines()
    assert fault["event"] == "request failed"
    assert "RuntimeError: the disk\nis gone" in fault["exception"]
    assert "Traceback" in fault["exception"]
    assert (line["status"], line["level"]) == (500, "error")
    assert {fault["request_id"], line["request_id"]} == {"night-1"}


@pytest.mark.parametrize(("level", "told"), [("debug", 2), ("info", 1), ("warning", 0)])
def test_probes_that_find_all_well_are_told_at_debug_only(
    make_app: Callable[[Settings], Flask],
    settings: Settings,
    lines: Lines,
    level: str,
    told: int,
) -> None:
    app = make_app(settings.model_copy(update={"log_level": level}))
    client = app.test_client()
    client.get("/health/ready")
    client.get("/api/v1/nodes")
    assert len(lines()) == told
