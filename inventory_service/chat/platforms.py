# SPDX-License-Identifier: Apache-2.0
"""The platforms that the settings set up; another one takes a file, and a line here."""

from pathlib import Path

from inventory_service.chat.domain.platforms import Platform, Platforms
from inventory_service.chat.forms import split_names
from inventory_service.chat.mattermost import Mattermost
from inventory_service.chat.secret_files import SecretFile
from inventory_service.chat.slack import Slack
from inventory_service.settings import Settings


def make_platforms(settings: Settings) -> Platforms:
    """Return the platforms that are set up."""
    found: list[Platform] = []
    if settings.slack_signing_secret_file:
        slack = Slack(
            signing_secret=SecretFile(
                "QM_SLACK_SIGNING_SECRET_FILE", settings.slack_signing_secret_file
            ),
            bot_token=_open("QM_SLACK_BOT_TOKEN_FILE", settings.slack_bot_token_file),
            teams=split_names(settings.slack_teams),
            channels=split_names(settings.slack_channels),
            api_url=settings.slack_api_url,
            reply_origin=settings.slack_reply_origin,
        )
        found.append(slack)
    if settings.mattermost_url and settings.mattermost_command_token_file:
        mattermost = Mattermost(
            url=settings.mattermost_url,
            command_tokens=SecretFile(
                "QM_MATTERMOST_COMMAND_TOKEN_FILE", settings.mattermost_command_token_file
            ),
            bot_token=_open("QM_MATTERMOST_BOT_TOKEN_FILE", settings.mattermost_bot_token_file),
            teams=split_names(settings.mattermost_teams),
            channels=split_names(settings.mattermost_channels),
            public_url=settings.public_link_url,
        )
        found.append(mattermost)
    return Platforms({one.name: one for one in found})


def _open(setting: str, path: Path | None) -> SecretFile | None:
    return None if path is None else SecretFile(setting, path)
