# SPDX-License-Identifier: Apache-2.0
"""Settings come from QM_ variables, have safe defaults, and refuse what they cannot mean."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from inventory_service.settings import Settings, read_run_environment


def test_the_defaults_serve_one_machine_and_nobody_without_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = Settings()
    assert settings.bind.startswith("127.0.0.1:")
    assert not settings.anonymous_read
    assert settings.database_url == (
        "sqlite:////home/somebody/.local/share/quartermaster/quartermaster.sqlite"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QM_THREADS", "0"),
        ("QM_THREADS", "many"),
        ("QM_LOG_LEVEL", "loud"),
        ("QM_ANONYMOUS_READ", "perhaps"),
        ("QM_ADDRESS_QUARANTINE_S", "-1"),
        ("QM_MAX_BODY_BYTES", "1"),
        ("QM_AUDIT_RETENTION_DAYS", "-1"),
        ("QM_LIMIT_TOTAL_PER_MIN", "-1"),
        ("QM_LIMIT_ADDRESS_PER_MIN", "many"),
        ("QM_LIMITER_URL", "memcached://127.0.0.1"),
        ("QM_LIMITER_URL", "memory://x"),
        ("QM_TRUSTED_PROXIES", "-1"),
        ("QM_BIND", "nonsense"),
        ("QM_BIND", "x:y"),
        ("QM_BIND", "127.0.0.1:"),
        ("QM_BIND", "127.0.0.1:65536"),
        ("QM_BIND", "127.0.0.1:-1"),
        ("QM_BIND", "127.0.0.1:\u0664"),
        ("QM_DATABASE_URL", ""),
        ("QM_DATABASE_URL", "nonsense"),
        ("QM_DATABASE_URL", "/srv/fleet.sqlite"),
        ("QM_DATABASE_URL", "mysql://u:secret@127.0.0.1/x"),
        ("QM_DATABASE_URL", "postgresql+psycopg2://u:secret@127.0.0.1/x"),
        ("QM_DATABASE_URL", "postgresql://u:secret@127.0.0.1:abc/x"),
        ("QM_DATABASE_URL", "postgresql://u:secret@127.0.0.1:65536/x"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("said", "is_alone"),
    [
        ({}, True),
        ({"QM_LIMITER_URL": "redis://127.0.0.1:6379/0"}, False),
        ({f"QM_LIMIT_{name}_PER_MIN": "0" for name in ("TOTAL", "ADDRESS", "ACCOUNT")}, False),
    ],
)
def test_a_process_counts_alone_where_there_are_limits_and_no_redis(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], *, is_alone: bool
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert Settings().counts_requests_alone is is_alone


def test_a_settings_file_counts_behind_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "quartermaster.env"
    file.write_text('# ours\nQM_THREADS=3\nQM_BIND="10.0.0.1:9008"\nPATH=/else\n', "utf-8")
    monkeypatch.setenv("QM_SETTINGS_FILE", str(file))
    monkeypatch.setenv("QM_THREADS", "5")
    settings = Settings()
    assert (settings.threads, settings.bind) == (5, "10.0.0.1:9008")


def test_a_settings_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QM_SETTINGS_FILE", "/nowhere/quartermaster.env")
    with pytest.raises(ValidationError, match="settings_file"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QM_BIND", "[::1]:9008"),
        ("QM_BIND", ":0"),
        ("QM_BIND", "localhost:65535"),
        ("QM_DATABASE_URL", "sqlite:////srv/a:b/fleet.sqlite"),
        ("QM_DATABASE_URL", "postgresql://u:p%40ss@db.example.com/fleet"),
        ("QM_DATABASE_URL", "postgres://u@[::1]:5432/fleet"),
        ("QM_DATABASE_URL", "postgresql+psycopg://u@/fleet?host=/run/postgresql"),
    ],
)
def test_an_address_that_can_be_meant_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert value in {Settings().bind, Settings().database_url}


@pytest.mark.parametrize(("given", "most"), [(0, 42), (1, 1), (5, 5)])
def test_there_is_a_connection_for_each_thread_where_no_bound_is_set(given: int, most: int) -> None:
    assert Settings(threads=40, database_connections=given).most_connections == most


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1:9008", "http://127.0.0.1:9008"),
        ("0.0.0.0:9008", "http://127.0.0.1:9008"),
        (":9008", "http://127.0.0.1:9008"),
        ("[::]:9008", "http://[::1]:9008"),
        ("[fd00::1]:9008", "http://[fd00::1]:9008"),
        ("fleet.example.com:80", "http://fleet.example.com:80"),
    ],
)
def test_playbooks_reach_the_service_where_it_listens_unless_an_address_is_set(
    bind: str, url: str
) -> None:
    assert Settings(bind=bind).service_url == url
    assert Settings(bind=bind, run_url="https://fleet").service_url == "https://fleet"


def test_a_run_gets_what_programs_need_and_what_is_named_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    given = {"PATH": "/bin", "HOME": "/root", "LANG": "C.UTF-8", "SSH_AUTH_SOCK": "/run/agent"}
    secrets = {"SECRET_KEY": "s", "QM_DATABASE_URL": "postgresql://u:p@h/x", "PYTHONPATH": "/x"}
    for name, value in (given | secrets).items():
        monkeypatch.setenv(name, value)
    settings = Settings(run_environment="SSH_AUTH_SOCK,ABSENT")
    assert read_run_environment(settings) == given
    without = read_run_environment(Settings())
    assert without == {name: given[name] for name in ("HOME", "LANG", "PATH")}
