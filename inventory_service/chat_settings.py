# SPDX-License-Identifier: Apache-2.0
"""The settings of chat: which platforms are answered, and by what; ``settings.py`` reads them."""

from pydantic import BaseModel, Field, FilePath, field_validator, model_validator

_URL = r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$"
_ORIGIN = r"^https?://[^\s/?#]+$"
_NAMES = r"^([A-Za-z0-9]+(,[A-Za-z0-9]+)*)?$"


class ChatSettings(BaseModel):
    """The fields of the settings that are about chat."""

    public_url: str = Field(
        default="",
        pattern=_URL,
        description="The address by which people and platforms of chat reach the service, in links "
        "and behind buttons; by default that of QM_NOTIFY_LINK_URL.",
    )
    slack_signing_secret_file: FilePath | None = Field(
        default=None,
        description="The file with the signing secret of the Slack app; without it, Slack is not "
        "answered. Service and workers need the same settings of chat.",
    )
    slack_bot_token_file: FilePath | None = Field(
        default=None,
        description="The file with the token of the app's bot (`xoxb-…`), which writes messages "
        "about runs and changes them; without it, only the ends of short runs are told.",
    )
    slack_teams: str = Field(
        default="",
        pattern=_NAMES,
        description="The ids of the workspaces that are answered, separated by commas: `T012AB3`.",
    )
    slack_channels: str = Field(
        default="",
        pattern=_NAMES,
        description="The ids of the channels in which Slack is answered; empty for all.",
    )
    slack_api_url: str = Field(
        default="https://slack.com/api",
        pattern=r"^https?://[^\s?#]+$",
        description="Where Slack's Web API is; GovSlack has `https://slack-gov.com/api`.",
    )
    slack_reply_origin: str = Field(
        default="https://hooks.slack.com",
        pattern=_ORIGIN,
        description="How the URLs begin by which Slack takes replies; GovSlack has "
        "`https://hooks.slack-gov.com`.",
    )
    mattermost_url: str = Field(
        default="",
        pattern=_URL,
        description="The address of the Mattermost server; without it, Mattermost is not answered.",
    )
    mattermost_command_token_file: FilePath | None = Field(
        default=None, description="The file with the tokens of the slash commands, one a line."
    )
    mattermost_bot_token_file: FilePath | None = Field(
        default=None,
        description="The file with the access token of the bot, which writes messages about runs "
        "and changes them.",
    )
    mattermost_teams: str = Field(
        default="",
        pattern=_NAMES,
        description="The ids of the teams that are answered, separated by commas.",
    )
    mattermost_channels: str = Field(
        default="",
        pattern=_NAMES,
        description="The ids of the channels in which Mattermost is answered; empty for all.",
    )

    @field_validator("public_url", "slack_api_url", "mattermost_url")
    @classmethod
    def _strip_slash(cls, value: str) -> str:
        """Return the URL without a slash at its end."""
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_whole(self) -> "ChatSettings":
        """Refuse a platform of which a part is missing: it would answer everybody, or nobody."""
        if self.slack_signing_secret_file and not self.slack_teams:
            raise ValueError("QM_SLACK_SIGNING_SECRET_FILE needs QM_SLACK_TEAMS")
        if self.slack_bot_token_file and not self.slack_signing_secret_file:
            raise ValueError("QM_SLACK_BOT_TOKEN_FILE needs QM_SLACK_SIGNING_SECRET_FILE")
        needed = {
            "QM_MATTERMOST_COMMAND_TOKEN_FILE": self.mattermost_command_token_file,
            "QM_MATTERMOST_TEAMS": self.mattermost_teams,
        }
        missing = [name for name, value in needed.items() if not value]
        if self.mattermost_url and missing:
            raise ValueError(f"QM_MATTERMOST_URL needs {' and '.join(missing)}")
        if not self.mattermost_url and (
            self.mattermost_command_token_file or self.mattermost_bot_token_file
        ):
            raise ValueError("tokens of Mattermost need QM_MATTERMOST_URL")
        return self
