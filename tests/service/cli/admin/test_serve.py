# SPDX-License-Identifier: Apache-2.0
"""`qm serve`: which database it accepts, and the service as a real process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.service.cli.admin.conftest import mark_schema, run

START_DEADLINE_S = 30


def test_serve_asks_for_the_schema_first(url: str) -> None:
    result = run("serve")
    assert result.exit_code == 1, url
    assert "qm init" in result.stderr


@pytest.mark.parametrize("words", [("serve",), ("serve", "--check")])
@pytest.mark.parametrize(
    ("schema", "advice"),
    [("0001", "run `qm migrate`"), ("9999", "Install the newer version again")],
    ids=["older", "newer"],
)
def test_serve_refuses_another_schema_and_says_what_to_do(
    url: str, words: tuple[str, ...], schema: str, advice: str
) -> None:
    run("init")
    if schema == "9999":
        mark_schema(url, schema)
    else:
        assert run("migrate", "--to", schema).exit_code == 0
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"the schema {schema}" in result.stderr
    assert advice in result.stderr


@pytest.fixture
def served(url: str, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start `qm serve` on a free port, and stop it in the end."""
    run("init")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [Path(sys.executable).with_name("qm"), "serve", "--bind", address, "--threads", "2"]
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "QM_DATABASE_URL": url}, stdout=log, stderr=log
        )
    try:
        yield f"http://{address}", process
    finally:
        process.kill()
        process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/health/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    pytest.fail(f"the service did not become ready, exit code {process.poll()}")


def test_serve_answers_and_stops_cleanly(served: tuple[str, subprocess.Popen[bytes]]) -> None:
    url, process = served
    wait_until_ready(url, process)
    assert requests.get(f"{url}/api/v1/nodes", timeout=5).status_code == 401
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.1:many", "x:y"])
@pytest.mark.parametrize("check", [[], ["--check"]])
def test_what_is_no_address_is_refused_before_anything_starts(
    url: str, check: list[str], bind: str
) -> None:
    run("init")
    result = run("serve", "--bind", bind, *check)
    assert result.exit_code == 2, url
    assert "QM_BIND: " in result.stderr
    assert "HOST:PORT" in result.stderr


def test_an_address_that_cannot_be_listened_on_is_named(url: str) -> None:
    run("init")
    result = run("serve", "--bind", "203.0.113.1:9008")
    assert result.exit_code == 1, url
    assert "203.0.113.1:9008" in result.stderr
    assert "HOST:PORT" in result.stderr
