# SPDX-License-Identifier: Apache-2.0
"""Notifications: which messages go where, about which ends of runs."""

import enum
import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from inventory_service.core.field_types import Label, Line, Reason
from inventory_service.core.inputs import Input
from inventory_service.fleet.domain.catalog import CatalogChange
from inventory_service.notifications.domain.destinations import parse_destination
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.domain.templates import TemplateName

_SHORTEST_SECRET = 16
_LONGEST_SECRET = 255
#: The part of RFC 5321 that people use; no header, option or list can be in it.
_MAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}\Z")
#: What somebody has to look at.
_BAD_ENDS = (RunState.FAILED, RunState.UNREACHABLE, RunState.TIMED_OUT, RunState.LOST)


class NotificationKind(enum.StrEnum):
    """How a message is sent."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    MATTERMOST = "mattermost"
    MAIL = "mail"


def check_url(value: SecretStr) -> SecretStr:
    """Return the URL if a message could go there.

    :raises ValueError: it is not of the form.
    """
    parse_destination(value.get_secret_value())
    return value


def check_secret(value: SecretStr) -> SecretStr:
    """Return the secret if it is long enough to sign with.

    :raises ValueError: it is too short, or too long.
    """
    if not _SHORTEST_SECRET <= len(value.get_secret_value()) <= _LONGEST_SECRET:
        raise ValueError(f"must have {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters")
    return value


def check_mail_address(value: str) -> str:
    """Return the address if it is a plain one.

    :raises ValueError: it is not.
    """
    if not _MAIL.match(value):
        raise ValueError("must be a mail address: NAME@HOST")
    return value


def check_end(value: RunState) -> RunState:
    """Return the state if runs end in it.

    :raises ValueError: they do not.
    """
    if value not in ENDED:
        raise ValueError(f"must be one of {', '.join(sorted(ENDED))}: messages are about ends")
    return value


Url = Annotated[SecretStr, AfterValidator(check_url)]
Secret = Annotated[SecretStr, AfterValidator(check_secret)]
MailAddress = Annotated[str, StringConstraints(max_length=254), AfterValidator(check_mail_address)]
EndState = Annotated[RunState, AfterValidator(check_end)]


class NotificationChange(CatalogChange):
    """The fields of a notification that can change."""

    description: Line | None = None
    webhook_url: Url | None = Field(
        default=None, description="where to, for all kinds but mail; it is never shown again"
    )
    secret: Secret | None = Field(
        default=None, description="signs the messages of a webhook; it is never shown again"
    )
    recipients: list[MailAddress] = Field(
        default_factory=list, max_length=50, description="the addresses, for the kind mail"
    )
    templates: list[TemplateName] = Field(
        default_factory=list, max_length=100, description="runs of these; of all if it is empty"
    )
    states: list[EndState] = Field(
        default_factory=lambda: list(_BAD_ENDS),
        min_length=1,
        max_length=len(ENDED),
        description="about runs that ended so",
    )
    is_paused: bool = Field(
        default=False, description="whether nothing is sent, nor later about runs of meanwhile"
    )


class NotificationRegistration(NotificationChange):
    """The fields of a new notification; its kind stays."""

    notification: Label
    kind: NotificationKind


class DeliveryRequest(Input):
    """Why a message is sent once more, or as a test."""

    reason: Reason | None = None
