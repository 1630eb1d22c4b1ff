# SPDX-License-Identifier: Apache-2.0
"""What is secret is sealed as a whole, and one part of it can be replaced."""

from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import make_key
from inventory_service.core.errors import BadInput, Conflict
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.notifications.domain.notifications import NotificationChange
from inventory_service.notifications.models.notifications import Notification
from inventory_service.notifications.usecases.notifications import (
    change_notification,
    open_secrets,
)
from inventory_service.settings import Settings
from tests.service.conftest import ACTOR
from tests.service.notifications.ended_runs import Fleet

URL = "https://hook.example/sentinel"
SECRET = "a secret of some length"


@pytest.fixture
def fleet(store: Database, settings: Settings) -> Fleet:
    fleet = Fleet(store, settings)
    fleet.notify("ops", URL, secret=SECRET)
    return fleet


def change(fleet: Fleet, name: str = "ops", **fields: Any) -> None:
    with fleet.store.writing() as session:
        wanted = NotificationChange(**fields)
        change_notification(session, ACTOR, name, wanted, vault=fleet.vault)


def read(fleet: Fleet, name: str = "ops") -> dict[str, str]:
    with fleet.store.reading() as session:
        return open_secrets(get_entry(session, Notification, name), fleet.vault)


def test_one_secret_is_replaced_and_the_other_stays(fleet: Fleet) -> None:
    change(fleet, webhook_url="https://other.example/")
    assert read(fleet) == {"webhook_url": "https://other.example/", "secret": SECRET}
    change(fleet, secret=None)
    assert read(fleet) == {"webhook_url": "https://other.example/"}


def test_a_change_of_other_fields_needs_no_key(fleet: Fleet) -> None:
    fleet.settings.secret_key_path.unlink()
    change(fleet, is_paused=True)
    with pytest.raises(Conflict, match="QM_SECRET_KEY_FILE"):
        change(fleet, secret=None)


def test_after_the_loss_of_the_key_all_can_be_set_anew(fleet: Fleet) -> None:
    fleet.settings.secret_key_path.unlink()
    make_key(fleet.settings.secret_key_path)
    with pytest.raises(Conflict, match="another key"):
        change(fleet, webhook_url=URL)
    change(fleet, webhook_url=URL, secret=SECRET)
    assert read(fleet) == {"webhook_url": URL, "secret": SECRET}


def test_a_mail_has_recipients_and_nothing_to_seal(fleet: Fleet) -> None:
    fleet.notify("ada", None, kind="mail", recipients=["ada@example.org"])
    assert read(fleet, "ada") == {}
    for fields in ({"recipients": []}, {"webhook_url": URL}, {"secret": SECRET}):
        with pytest.raises(BadInput, match="mail"):
            change(fleet, "ada", **fields)
    change(fleet, "ada", recipients=["bob@example.org"])
