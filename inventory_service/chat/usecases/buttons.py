# SPDX-License-Identifier: Apache-2.0
"""Buttons: what each holds is sealed, so that nobody makes one, or presses it elsewhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inventory_service.chat.domain.messages import Act, Button
from inventory_service.chat.domain.requests import Sender
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import Conflict, Forbidden

#: The longest that a run waits for approvals.
_LIFE = timedelta(days=30)
#: Other secrets that the same key seals are no buttons.
_PURPOSE = "chat button"


@dataclass(frozen=True)
class PressedButton:
    """What a button that was pressed stands for."""

    act: Act
    run_id: int
    digest: str | None
    #: The team of the message, where the platform does not name it.
    team_id: str


def make_seal(
    vault: Vault, platform: str, team_id: str, channel_id: str
) -> Callable[[Button], str]:
    """Return what seals the buttons of a message in a channel."""

    def seal(button: Button) -> str:
        until = datetime.now(UTC) + _LIFE
        return vault.seal(
            {
                "for": _PURPOSE,
                "act": button.act.value,
                "run": str(button.run_id),
                "digest": button.digest or "",
                "place": json.dumps([platform, team_id, channel_id]),
                "until": until.isoformat(),
            }
        )

    return seal


def open_button(vault: Vault, sealed: str, sender: Sender) -> PressedButton:
    """Return what a button stands for.

    :raises Forbidden: this service has not made it, or for another channel, or too long ago.
    """
    try:
        found = vault.open(sealed)
    except Conflict as error:
        raise Forbidden("The button is not of this service. Send the command instead.") from error
    if found.get("for") != _PURPOSE:
        raise Forbidden("That is no button of this service. Send the command instead.")
    platform, team_id, channel_id = json.loads(found["place"])
    # A platform names no team where a channel is of none: a talk of two people.
    is_here = (platform, channel_id) == (sender.platform, sender.channel_id)
    if not is_here or sender.team_id not in {"", team_id}:
        raise Forbidden("The button is of another channel. Send the command instead.")
    if datetime.fromisoformat(found["until"]) <= datetime.now(UTC):
        raise Forbidden("The button has expired. Send the command instead.")
    return PressedButton(Act(found["act"]), int(found["run"]), found["digest"] or None, team_id)
