# SPDX-License-Identifier: Apache-2.0
"""Identities: for which account a user of a platform acts, and codes by which people prove that."""

import enum
import hashlib
import re
import secrets
from datetime import timedelta

from pydantic import Field

from inventory_service.core.actors import Scope
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.field_types import Label, Reason
from inventory_service.core.inputs import Input

#: How long a code can be confirmed.
CODE_LIFE = timedelta(minutes=10)
#: Without those that look alike.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 10
_CODE = re.compile(rf"[{_LETTERS}]{{{_CODE_LENGTH}}}")
#: Ids of Slack and Mattermost: letters and digits.
_ID_PATTERN = r"^[A-Za-z0-9]{1,64}$"
#: What is done from chat needs no more; an admin's token stays where it is.
CEILING = Scope.OPERATOR


class PlatformName(enum.StrEnum):
    """The platforms that there are."""

    SLACK = "slack"
    MATTERMOST = "mattermost"


class IdentityRegistration(Input):
    """A user of a platform, and the account that the user acts for."""

    platform: PlatformName
    team_id: str = Field(pattern=_ID_PATTERN, description="the workspace (Slack), or the team")
    user_id: str = Field(pattern=_ID_PATTERN)
    account: Label
    reason: Reason | None = None


class IdentityRemoval(Input):
    """Why an identity is removed."""

    reason: Reason | None = None


class LinkConfirmation(Input):
    """The code that `link` showed in chat."""

    code: str = Field(max_length=64)
    reason: Reason | None = None


def make_code() -> str:
    """Return a new code, of 50 random bits; it is valid for a few minutes, and once."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))


def show_code(code: str) -> str:
    """Return a code as people read it."""
    half = _CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def digest_code(text: str) -> str:
    """Return the hash of a code, as it is stored.

    :raises BadInput: the text is no code.
    """
    code = text.strip().upper().replace("-", "")
    if not _CODE.fullmatch(code):
        raise BadInput(
            "That is no code. Send `/qm link` in the chat: it shows one.",
            field_errors=[FieldError("code", "must have the form XXXXX-XXXXX")],
        )
    return hashlib.sha256(code.encode()).hexdigest()


def limit_scope(scope: Scope) -> Scope:
    """Return the scope of a link: no wider than that of the token that confirmed it."""
    return scope if CEILING.covers(scope) else CEILING
