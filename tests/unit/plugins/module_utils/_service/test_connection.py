# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments win over the environment, the environment over the profile file."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.connection import (
    DEFAULT_URL,
    ClientError,
    check_url,
    resolve_connection,
)

PROFILES = """
[default]
url = http://one.example:9008/
token = one_100%
[two]
url = https://two.example
token = two
"""


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "config.ini"
    path.write_text(PROFILES)
    monkeypatch.setenv("QM_CONFIG", str(path))
    return path


def test_without_any_setting_the_service_of_this_machine_is_meant() -> None:
    assert resolve_connection() == (DEFAULT_URL, None)


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        ({}, (None, None), ("http://one.example:9008", "one_100%")),
        ({"QM_PROFILE": "two"}, (None, None), ("https://two.example", "two")),
        ({"QM_TOKEN": "env"}, (None, None), ("http://one.example:9008", "env")),
        ({"QM_URL": "http://env"}, (None, None), ("http://env", None)),
        (
            {"QM_URL": "http://env", "QM_TOKEN": "env"},
            ("http://arg/", "arg"),
            ("http://arg", "arg"),
        ),
        ({"QM_TOKEN": "env"}, ("http://arg", None), ("http://arg", "env")),
        ({}, ("http://one.example:9008", None), ("http://one.example:9008", "one_100%")),
        ({}, ("http://evil.example", None), ("http://evil.example", None)),
        ({"QM_URL": "", "QM_TOKEN": ""}, ("", ""), ("http://one.example:9008", "one_100%")),
    ],
)
@pytest.mark.usefixtures("profiles")
def test_the_nearest_setting_wins_and_a_profiles_token_stays_with_its_url(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: tuple[str | None, str | None],
    expected: tuple[str, str | None],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert resolve_connection(*arguments) == expected


@pytest.mark.parametrize(
    ("text", "profile", "reason"),
    [
        ("token qm_secret\n", None, "is not an INI file"),
        ("[default]\ntoken\n", None, "is not an INI file"),
        ("[default]\n", "absent", "no profile"),
        ("[default]\nurl = ftp://x\n", None, "is not http"),
    ],
)
def test_a_profile_that_cannot_be_used_is_named_and_its_lines_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, profiles: Path, text: str, profile: str | None, reason: str
) -> None:
    profiles.write_text(text)
    if profile:
        monkeypatch.setenv("QM_PROFILE", profile)
    with pytest.raises(ClientError, match=reason) as caught:
        resolve_connection()
    assert "qm_secret" not in str(caught.value)


def test_a_profile_file_that_was_asked_for_must_be_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QM_CONFIG", str(tmp_path / "absent.ini"))
    with pytest.raises(ClientError, match=r"absent\.ini"):
        resolve_connection()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9008",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://host:99999",
        "http://host:0",
        "http://[::1",
        "http://host/?x=1",
        "http://host/#x",
        "http://ho st",
        "http://host\n",
        "http://żółw.example",
    ],
)
def test_what_is_no_address_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(ClientError, match="url"):
        check_url(url)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ClientError) as caught:
        check_url("http://user:hunter2@host")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://h", "https://h:9008/prefix", "http://[::1]:9008"])
def test_an_address_loses_only_its_last_slash(url: str) -> None:
    assert check_url(url + "/") == check_url(url) == url
