# SPDX-License-Identifier: Apache-2.0
"""Deliveries over HTTP: listed, sent once more, and asked for as a test."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.notifications.usecases.deliveries import fill_outbox
from inventory_service.settings import Settings
from tests.service.conftest import Caller
from tests.service.notifications.ended_runs import Fleet

PATH = "/api/v1/notifications/ops"


@pytest.fixture
def fleet(database: Database, settings: Settings) -> Fleet:
    fleet = Fleet(database, settings)
    fleet.notify("ops", "https://hook.example/")
    return fleet


def test_messages_are_listed_the_newest_first(fleet: Fleet, viewer: Caller) -> None:
    ids = [fleet.end(fleet.order()) for _ in range(3)]
    with fleet.store.writing() as session:
        fill_outbox(session)
    first = viewer.get(f"{PATH}/deliveries?limit=2&fields=run_id")
    rest = viewer.get(f"{PATH}/deliveries?fields=run_id&cursor={first['next_cursor']}")
    assert [one["run_id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert viewer.get(f"{PATH}/deliveries?state=failed")["items"] == []
    viewer.get("/api/v1/notifications/nobody/deliveries", status=404)


def test_a_test_is_a_message_about_no_run(fleet: Fleet, operator: Caller) -> None:
    made = operator.post(f"{PATH}/test", {"reason": "is it there?"})
    assert (made["run_id"], made["state"], made["attempts"]) == (None, "pending", 0)
    operator.post(f"{PATH}/test", {})
    assert len(operator.get(f"{PATH}/deliveries")["items"]) == 2
    assert fleet is not None


def test_a_message_on_its_way_is_not_sent_once_more(fleet: Fleet, operator: Caller) -> None:
    made = operator.post(f"{PATH}/test", {})
    path = f"{PATH}/deliveries/{made['id']}/redelivery"
    assert "on its way" in operator.post(path, {}, status=409)["detail"]
    operator.post(f"{PATH}/deliveries/999/redelivery", {}, status=404)
    fleet.notify("other", "https://hook.example/")
    other = path.replace("/ops/", "/other/")
    operator.post(other, {}, status=404)


def test_nothing_is_sent_where_nothing_may_be(fleet: Fleet, admin: Caller) -> None:
    admin.patch(PATH, {"is_paused": True})
    assert "paused" in admin.post(f"{PATH}/test", {}, status=409)["detail"]
    admin.post(f"{PATH}/retirement", {})
    assert "retired" in admin.post(f"{PATH}/test", {}, status=409)["detail"]
    assert fleet is not None
