# SPDX-License-Identifier: Apache-2.0
"""The settings of chat refuse a platform of which a part is missing."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.settings import Settings


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"slack_signing_secret_file": "FILE"}, "needs QM_SLACK_TEAMS"),
        ({"slack_bot_token_file": "FILE"}, "needs QM_SLACK_SIGNING_SECRET_FILE"),
        ({"mattermost_url": "https://x"}, "COMMAND_TOKEN_FILE and QM_MATTERMOST_TEAMS"),
        (
            {"mattermost_url": "https://x", "mattermost_command_token_file": "FILE"},
            "needs QM_MATTERMOST_TEAMS",
        ),
        ({"mattermost_bot_token_file": "FILE"}, "need QM_MATTERMOST_URL"),
        ({"slack_teams": "T1, T2"}, "pattern"),
        ({"public_url": "ftp://x"}, "pattern"),
        ({"slack_reply_origin": "https://x/"}, "pattern"),
        ({"slack_signing_secret_file": "/nonexistent"}, "does not point to a file"),
    ],
)
def test_a_half_of_a_platform_is_refused(
    tmp_path: Path, given: dict[str, Any], missing: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("x", "utf-8")
    settings = {name: str(file) if value == "FILE" else value for name, value in given.items()}
    with pytest.raises(ValidationError, match=missing):
        Settings(**settings)


def test_links_have_the_public_address() -> None:
    assert Settings(public_url="https://qm.example/").public_link_url == "https://qm.example"
    assert Settings(notify_link_url="https://a/").public_link_url == "https://a"
