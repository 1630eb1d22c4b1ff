# SPDX-License-Identifier: Apache-2.0
"""`qm init`, `qm migrate` and `qm serve`: the last one as a real process."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from inventory_service.cli import main

START_DEADLINE_S = 30


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a database that is not there yet."""
    url = f"sqlite:///{tmp_path}/new/fleet.sqlite"
    monkeypatch.setenv("QM_DATABASE_URL", url)
    return url


def run(*words: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, list(words))


def test_init_makes_the_database_and_shows_one_token(url: str) -> None:
    made = run("init")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("qm_")
    assert len(made.stdout.split()) == 1
    assert run("migrate").exit_code == 0, url


def test_a_second_init_is_refused_and_makes_nothing(url: str) -> None:
    run("init")
    again = run("init")
    assert (again.exit_code, again.stdout) == (5, ""), url
    assert "--force-new-token" in again.stderr


def test_init_can_be_forced_and_then_needs_another_name(url: str) -> None:
    run("init")
    assert run("init", "--force-new-token").exit_code == 5, url
    forced = run("init", "--force-new-token", "--name", "rescue", "--json")
    assert json.loads(forced.stdout)["scope"] == "admin"


def test_a_saved_profile_is_private_and_holds_the_address(url: str, home: Path) -> None:
    made = run("init", "--save-profile", "demo", QM_BIND="127.0.0.1:9100")
    path = home / ".config/quartermaster/config.ini"
    text = path.read_text(encoding="utf-8")
    assert "[demo]" in text, url
    assert "url = http://127.0.0.1:9100" in text
    assert f"token = {made.stdout.strip()}" in text
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("QM_THREADS", "many", 2),
        ("QM_DATABASE_URL", "nonsense", 1),
        ("QM_DATABASE_URL", "sqlite:////proc/none/fleet.sqlite", 1),
        ("QM_DATABASE_URL", "mysql+nodriver://u:secret@127.0.0.1:1/x", 1),
    ],
)
@pytest.mark.parametrize("command", ["init", "migrate", "serve"])
def test_a_wrong_setting_is_named_and_its_secret_is_not(
    url: str, command: str, name: str, value: str, code: int
) -> None:
    result = run(command, **{"QM_DATABASE_URL": url, name: value})
    assert result.exit_code == code, result.output
    assert name in result.stderr
    assert "secret" not in result.stderr


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


@pytest.mark.parametrize("words", [("init",), ("migrate",), ("migrate", "--to", "0001")])
def test_the_schema_of_a_newer_version_is_not_touched(url: str, words: tuple[str, ...]) -> None:
    run("init")
    mark_schema(url, "9999")
    result = run(*words)
    assert result.exit_code == 5, result.output
    assert "Install the newer version again" in result.stderr


def mark_schema(url: str, schema: str) -> None:
    """Make the database look as another version would leave it."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        connection.commit()


def test_migrate_goes_back_and_forth(url: str) -> None:
    run("init")
    assert run("migrate", "--to", "0001").exit_code == 0, url
    assert json.loads(run("migrate", "--json").stdout)["is_current"]
    assert run("serve", "--check").exit_code == 0


def test_migrate_names_the_schemas_there_are(url: str) -> None:
    run("init")
    result = run("migrate", "--to", "0000")
    assert result.exit_code == 5, url
    assert "0001, 0002" in result.stderr


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


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.1:many", "203.0.113.1:9008", "x:y"])
def test_an_address_that_cannot_be_listened_on_is_named(url: str, bind: str) -> None:
    run("init")
    result = run("serve", "--bind", bind)
    assert result.exit_code == 1, url
    assert bind in result.stderr
    assert "HOST:PORT" in result.stderr
