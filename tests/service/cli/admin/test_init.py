# SPDX-License-Identifier: Apache-2.0
"""`qm init`: the database, one admin token, and a profile where one is asked for."""

import json
from pathlib import Path

from tests.service.cli.admin.conftest import run


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


def test_init_makes_the_key_by_which_secrets_are_stored(url: str, tmp_path: Path) -> None:
    run("init")
    key = tmp_path / "new/secret.key"
    assert key.stat().st_mode & 0o777 == 0o600, url
    before = key.read_bytes()
    run("init", "--force-new-token", "--name", "rescue")
    assert key.read_bytes() == before


def test_a_key_that_cant_be_written_is_named(url: str) -> None:
    made = run("init", QM_SECRET_KEY_FILE="/proc/secret.key")
    assert made.exit_code == 5, url
    assert "QM_SECRET_KEY_FILE" in made.stderr
