# SPDX-License-Identifier: Apache-2.0
"""Options, environment and profile file decide where the CLI speaks, and with which token."""

from pathlib import Path

import pytest

from inventory_service.client import InvalidConnection
from inventory_service.client.profiles import (
    DEFAULT_URL,
    Connection,
    profile_path,
    resolve_connection,
    save_profile,
)
from inventory_service.client_settings import ClientSettings

PROFILES = """
[default]
url = http://main.example:9008/
token = qm_main

[staging]
url = https://staging.example
token = qm_100%%staging
"""


def settings(path: Path | None = None, **said: str) -> ClientSettings:
    return ClientSettings(**said, config=path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "profiles" / "config.ini"
    path.parent.mkdir()
    path.write_text(PROFILES.replace("%%", "%"), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("said", "environment", "expected"),
    [
        ({}, {}, ("http://main.example:9008", "qm_main")),
        ({"profile": "staging"}, {}, ("https://staging.example", "qm_100%staging")),
        ({}, {"profile": "staging"}, ("https://staging.example", "qm_100%staging")),
        ({}, {"token": "qm_env"}, ("http://main.example:9008", "qm_env")),
        ({}, {"url": "http://env.example", "token": "qm_env"}, ("http://env.example", "qm_env")),
        ({"url": "http://said.example"}, {"token": "qm_env"}, ("http://said.example", "qm_env")),
        # The token of a profile is never shown to another address.
        ({"url": "http://said.example"}, {}, ("http://said.example", None)),
        ({}, {"url": "http://env.example"}, ("http://env.example", None)),
        # … but the same address, said once more, is the same service.
        ({"url": "http://main.example:9008"}, {}, ("http://main.example:9008", "qm_main")),
        # What is named on the command line was said last.
        (
            {"profile": "staging"},
            {"url": "http://env.example", "token": "qm_env"},
            ("https://staging.example", "qm_100%staging"),
        ),
    ],
)
def test_options_win_over_the_environment_and_that_over_the_profile(
    file: Path,
    said: dict[str, str],
    environment: dict[str, str],
    expected: tuple[str, str | None],
) -> None:
    found = resolve_connection(settings(file, **environment), **said)
    assert (found.url, found.token) == expected


def test_without_anything_said_the_service_is_the_local_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_connection(settings()) == Connection(DEFAULT_URL, None)


def test_a_missing_profile_is_named_with_those_that_are_there(file: Path) -> None:
    with pytest.raises(InvalidConnection, match=r"'prod' is not in .*default, staging"):
        resolve_connection(settings(file), profile="prod")


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidConnection, match="no such file"):
        resolve_connection(settings(tmp_path / "absent.ini"))


@pytest.mark.parametrize(
    "text", ["token = qm_secret", "[default]\nqm_secret", "[a]\n[a]\n", "\x00"]
)
def test_a_broken_file_is_refused_and_its_lines_are_not_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.ini"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConnection, match="INI file") as caught:
        resolve_connection(settings(path))
    assert "qm_secret" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "127.0.0.1:9008",
        "http://",
        "http://user:secret@x",
        "http://x?a=b",
        "http://x:99999",
        "http://x/\nHost: y",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(file: Path, url: str) -> None:
    with pytest.raises(InvalidConnection, match="is not of the form") as caught:
        resolve_connection(settings(file), url=url)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("token", ["qm_a\nX-Other: b", "qm a", "qm_ü"])
def test_a_token_that_fits_no_header_is_refused(file: Path, token: str) -> None:
    with pytest.raises(InvalidConnection, match="characters that no token has"):
        resolve_connection(settings(file, token=token))


def test_a_token_that_others_can_read_is_warned_about(file: Path) -> None:
    warnings: list[str] = []
    resolve_connection(settings(file), warn=warnings.append)
    assert warnings == []
    file.chmod(0o644)
    resolve_connection(settings(file), warn=warnings.append)
    assert [warning.endswith(f"chmod 600 {file}") for warning in warnings] == [True]


def test_a_token_is_not_in_what_a_traceback_shows() -> None:
    assert "qm_secret" not in repr(Connection("http://a", "qm_secret"))


def test_a_saved_profile_is_private_and_leaves_the_others_alone(file: Path) -> None:
    save_profile(file, "demo", Connection("http://127.0.0.1:9008", "qm_demo%"))
    found = resolve_connection(settings(file), profile="demo")
    kept = resolve_connection(settings(file), profile="staging")
    assert (found.token, kept.token) == ("qm_demo%", "qm_100%staging")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["config.ini"]


def test_the_path_of_the_file_may_start_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert profile_path(settings(Path("~/qm.ini"))) == Path("/home/somebody/qm.ini")
