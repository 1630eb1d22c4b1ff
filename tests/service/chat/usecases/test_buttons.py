# SPDX-License-Identifier: Apache-2.0
"""A button is of this service, of its channel, and for a while."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory_service.chat.domain.messages import Act, Button
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.usecases.buttons import make_seal, open_button
from inventory_service.core.encryption import Vault, make_key
from inventory_service.core.errors import Forbidden

SENDER = Sender("slack", "T1", "U1", "C1")
BUTTON = Button(Act.APPROVE, 12, "d" * 64)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    make_key(tmp_path / "key")
    return Vault(tmp_path / "key")


def test_a_button_says_what_it_is_for(vault: Vault) -> None:
    pressed = open_button(vault, make_seal(vault, "slack", "T1", "C1")(BUTTON), SENDER)
    assert (pressed.act, pressed.run_id, pressed.digest) == (Act.APPROVE, 12, "d" * 64)
    plain = make_seal(vault, "slack", "T1", "C1")(Button(Act.CANCEL, 12))
    assert open_button(vault, plain, SENDER).digest is None
    # Slack takes 2000 characters.
    assert len(plain) < 1000


@pytest.mark.parametrize(
    "sender",
    [
        Sender("mattermost", "T1", "U1", "C1"),
        Sender("slack", "T2", "U1", "C1"),
        Sender("slack", "T1", "U1", "C2"),
    ],
)
def test_a_button_is_good_where_it_is(vault: Vault, sender: Sender) -> None:
    sealed = make_seal(vault, "slack", "T1", "C1")(BUTTON)
    with pytest.raises(Forbidden, match="another channel"):
        open_button(vault, sealed, sender)
    nowhere = Sender("slack", "", "U1", "C1")
    assert open_button(vault, sealed, nowhere).team_id == "T1"


def test_a_button_expires(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = make_seal(vault, "slack", "T1", "C1")(BUTTON)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            assert tz is UTC
            return datetime.now(UTC) + timedelta(days=30, seconds=1)

    monkeypatch.setattr("inventory_service.chat.usecases.buttons.datetime", Later)
    with pytest.raises(Forbidden, match="expired"):
        open_button(vault, sealed, SENDER)


def test_another_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    sealed = make_seal(Vault(tmp_path / "other"), "slack", "T1", "C1")(BUTTON)
    with pytest.raises(Forbidden, match="not of this service"):
        open_button(vault, sealed, SENDER)
