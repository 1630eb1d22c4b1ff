# SPDX-License-Identifier: Apache-2.0
"""Our own events and those of libraries are one line of JSON each, whatever stands in them."""

import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from inventory_service.identity.domain.tokens import make_token
from inventory_service.logs import describe_library_logs, set_up_logs


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    known = (logging.getLogger(), logging.getLogger("waitress"))
    before = [(logger, logger.level, logger.handlers[:], logger.propagate) for logger in known]
    yield
    for logger, level, handlers, propagates in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
        logger.propagate = propagates


def read_events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


def test_our_own_events_carry_time_level_and_what_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs("info")
    structlog.get_logger().info("node moved", node_id='a"\n{"event": "forged"}\u2028\x1b[2J')
    (event,) = read_events(capsys)
    assert event["timestamp"].endswith("Z")
    assert (event["level"], event["event"]) == ("info", "node moved")
    assert event["node_id"].startswith('a"\n{')


def test_the_level_decides_what_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("warning")
    structlog.get_logger().info("small")
    structlog.get_logger().warning("large")
    assert [event["event"] for event in read_events(capsys)] == ["large"]


@pytest.mark.parametrize("name", ["waitress", "some.library"])
def test_what_libraries_say_has_the_same_form(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    logging.config.dictConfig(describe_library_logs())
    fault = ValueError("first\nsecond")
    logging.getLogger(name).error("request of %s failed", "web\n1", exc_info=fault)
    (event,) = read_events(capsys)
    assert event["event"] == "request of web\n1 failed"
    assert event["logger"] == name
    assert "ValueError: first\nsecond" in event["exception"]


def test_libraries_are_logged_from_their_warnings_on_but_not_how_many_requests_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logging.config.dictConfig(describe_library_logs())
    logging.getLogger("waitress").info("Serving on http://127.0.0.1:9008")
    logging.getLogger("waitress").warning("a socket failed")
    logging.getLogger("waitress.queue").warning("Task queue depth is 1")
    logging.getLogger("some.library").info("inner life")
    assert [event["event"] for event in read_events(capsys)] == ["a socket failed"]


def test_a_token_is_hidden_wherever_it_was_put(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info")
    logging.config.dictConfig(describe_library_logs())
    token = make_token()
    structlog.get_logger().info("request", path=f"/api/v1/tokens/{token.text}")
    logging.getLogger("some.library").error("failed at %s", token.text)
    told = capsys.readouterr().out
    assert told.count(f"qm_{token.token_id}_(hidden)") == 2
    assert token.text not in told
