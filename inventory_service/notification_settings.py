# SPDX-License-Identifier: Apache-2.0
"""The settings of notifications: where messages may go, and by what; ``settings.py`` reads them."""

import ipaddress
import re
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

#: Its last label begins with a letter, so that no reader takes it for an address.
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*\Z")


class NotificationSettings(BaseModel):
    """The fields of the settings that are about notifications."""

    secret_key_file: Path | None = Field(
        default=None,
        description="The file with the key by which secrets are stored; by default `secret.key` "
        "beside the database, or with PostgreSQL in `~/.local/share/quartermaster`. The service "
        "and its workers need the same one.",
    )
    notify_allow: str = Field(
        default="",
        description="Hosts and networks of one's own that messages may go to, also by http, "
        "separated by commas: `chat.example.org,10.0.0.0/8`. All else must be public and https.",
    )
    notify_link_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+)?$",
        description="The address of the service in messages; by default that of QM_RUN_URL.",
    )
    smtp_url: str = Field(
        default="",
        repr=False,
        description="The mail server: `smtps://USER:PASSWORD@HOST:465`, or `smtp://HOST:587`, "
        "which is asked for TLS; without one there is no notification of the kind mail.",
    )
    smtp_from: str = Field(
        default="", max_length=254, description="The sender of mails, like `qm@example.org`."
    )

    @field_validator("notify_allow")
    @classmethod
    def _check_notify_allow(cls, value: str) -> str:
        """Return the words, in lower case, if each of them is a host or a network."""
        words = [word.strip().lower() for word in value.split(",") if word.strip()]
        for word in words:
            try:
                ipaddress.ip_network(word)
            except ValueError:
                if not _HOST.match(word):
                    raise ValueError(f"{word!r} is neither a host nor a network") from None
        return ",".join(words)

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: str) -> str:
        """Return the URL if it is one of a mail server; a wrong one may hold a password."""
        if value and not value.startswith(("smtp://", "smtps://")):
            raise ValueError("must begin with smtp:// or smtps://")
        return value
