# SPDX-License-Identifier: Apache-2.0
"""What the environment says to a client: all may be left out, and the token is not shown."""

from pathlib import Path

import pytest

from inventory_service.client_settings import read_client_settings


@pytest.mark.parametrize("name", ["QM_URL", "QM_TOKEN", "QM_PROFILE", "QM_CONFIG"])
def test_an_empty_variable_of_the_client_says_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    assert getattr(read_client_settings(), name.removeprefix("QM_").lower()) is None


def test_a_token_is_not_shown_where_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QM_TOKEN", "qm_secret")
    monkeypatch.setenv("QM_CONFIG", "/etc/qm.ini")
    settings = read_client_settings()
    assert "qm_secret" not in repr(settings)
    assert settings.config == Path("/etc/qm.ini")
