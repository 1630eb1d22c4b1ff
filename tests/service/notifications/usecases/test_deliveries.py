# SPDX-License-Identifier: Apache-2.0
"""The outbox has one message for each end and notification, whoever is killed meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.notifications.domain.deliveries import HOLD, MOST_ATTEMPTS, Outcome
from inventory_service.notifications.domain.notifications import NotificationChange
from inventory_service.notifications.models.deliveries import Delivery
from inventory_service.notifications.models.notifications import Notification
from inventory_service.notifications.usecases.deliveries import (
    TakenDelivery,
    fill_outbox,
    has_due,
    has_new_ends,
    record_outcome,
    redeliver,
    take_deliveries,
)
from inventory_service.notifications.usecases.notifications import change_notification
from inventory_service.runs.domain.states import RunState
from inventory_service.settings import Settings
from tests.service.conftest import ACTOR
from tests.service.notifications.ended_runs import Fleet

URL = "https://hook.example/sentinel"


@pytest.fixture
def fleet(store: Database, settings: Settings) -> Fleet:
    return Fleet(store, settings)


def fill(fleet: Fleet) -> int:
    with fleet.store.writing() as session:
        return fill_outbox(session)


def take(fleet: Fleet, limit: int = 10) -> list[TakenDelivery]:
    with fleet.store.writing() as session:
        return take_deliveries(session, fleet.vault, link_url="https://qm.example", limit=limit)


def conclude(fleet: Fleet, taken: TakenDelivery, **outcome: Any) -> None:
    with fleet.store.writing() as session:
        record_outcome(session, taken, Outcome(**outcome))


def list_all(fleet: Fleet) -> list[dict[str, Any]]:
    with fleet.store.reading() as session:
        found = session.scalars(select(Delivery).order_by(Delivery.id))
        return [one.as_dict() for one in found]


def make_due(fleet: Fleet) -> None:
    """Let the pause or the hold of all messages have passed."""
    with fleet.store.writing() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(Delivery).values(due_at=past))


def test_only_ends_after_the_notification_are_told(fleet: Fleet) -> None:
    fleet.end(fleet.order())
    begun = fleet.order()
    fleet.notify("ops", URL)
    with fleet.store.reading() as session:
        assert not has_new_ends(session)
    later = [fleet.end(fleet.order()), fleet.end(begun)]
    with fleet.store.reading() as session:
        assert has_new_ends(session)
    assert fill(fleet) == 2
    assert [one["run_id"] for one in list_all(fleet)] == later
    assert fill(fleet) == 0


def test_only_the_wanted_templates_and_states_are_told(fleet: Fleet) -> None:
    fleet.notify("bad", URL)
    fleet.notify("good", URL, states=["successful"], templates=["site"])
    fleet.notify("quiet", URL, is_paused=True)
    ids = [
        fleet.end(fleet.order("site")),
        fleet.end(fleet.order("site"), RunState.SUCCESSFUL),
        fleet.end(fleet.order("ping"), RunState.SUCCESSFUL),
    ]
    fill(fleet)
    found = [(one["notification"], one["run_id"]) for one in list_all(fleet)]
    assert found == [("bad", ids[0]), ("good", ids[1])]


def test_a_pause_is_not_made_up_for(fleet: Fleet) -> None:
    fleet.notify("ops", URL, is_paused=True)
    fleet.end(fleet.order())
    fill(fleet)
    with fleet.store.writing() as session:
        change = NotificationChange(is_paused=False)
        change_notification(session, ACTOR, "ops", change, vault=fleet.vault)
    fill(fleet)
    assert list_all(fleet) == []


def test_who_is_killed_in_between_neither_loses_nor_doubles(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    run_id = fleet.end(fleet.order())

    class Killed(Exception):
        pass

    def fill_and_die() -> None:
        with fleet.store.writing() as session:
            fill_outbox(session)
            raise Killed

    with pytest.raises(Killed):
        fill_and_die()
    assert list_all(fleet) == []
    fill(fleet)
    # Taken, and the worker is killed before it has sent anything.
    [lost] = take(fleet)
    assert take(fleet) == []
    make_due(fleet)
    [again] = take(fleet)
    assert (again.id, again.attempt, lost.attempt) == (lost.id, 2, 1)
    # The first one was not dead after all: its word has no weight any more.
    conclude(fleet, lost, error="too late")
    conclude(fleet, again, answer_code=204)
    [delivery] = list_all(fleet)
    assert (delivery["run_id"], delivery["state"]) == (run_id, "delivered")
    assert (delivery["answer_code"], delivery["last_error"], delivery["attempts"]) == (204, None, 2)


def test_a_message_is_held_while_it_is_sent(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    take(fleet)
    [delivery] = list_all(fleet)
    assert delivery["due_at"] - datetime.now(UTC) > HOLD - timedelta(seconds=30)
    with fleet.store.reading() as session:
        assert not has_due(session)


def test_each_notification_has_one_message_on_its_way(fleet: Fleet) -> None:
    fleet.notify("one", URL)
    fleet.notify("two", URL)
    for _ in range(2):
        fleet.end(fleet.order())
    fill(fleet)
    assert [taken.message.notification for taken in take(fleet)] == ["one", "two"]
    assert len(take(fleet, limit=1)) == 1


def test_a_failure_is_tried_again_until_it_is_given_up(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        [delivery] = list_all(fleet)
        assert delivery["state"] == "pending"
        make_due(fleet)
        [taken] = take(fleet)
        assert taken.attempt == attempt
        conclude(fleet, taken, answer_code=503, error="https://hook.example answers with 503")
    [delivery] = list_all(fleet)
    assert (delivery["state"], delivery["attempts"]) == ("failed", MOST_ATTEMPTS)
    assert delivery["ended_at"]
    assert delivery["due_at"] is None
    assert take(fleet) == []


def test_a_redelivery_begins_anew(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    [taken] = take(fleet)
    with fleet.store.writing() as session, pytest.raises(Conflict, match="on its way"):
        redeliver(session, ACTOR, "ops", taken.id, None)
    conclude(fleet, taken, answer_code=200)
    with fleet.store.writing() as session:
        redeliver(session, ACTOR, "ops", taken.id, "they lost it")
    [again] = take(fleet)
    assert (again.id, again.attempt) == (taken.id, 1)
    assert again.message == taken.message


def test_what_waits_for_a_retired_notification_is_given_up(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    with fleet.store.writing() as session:
        retire_entry(session, ACTOR, Notification, "ops", RetirementRequest())
    assert take(fleet) == []
    [delivery] = list_all(fleet)
    assert (delivery["state"], delivery["last_error"]) == ("failed", "the notification is retired")
    fleet.end(fleet.order())
    assert fill(fleet) == 0


def test_a_message_has_what_its_sender_needs(fleet: Fleet) -> None:
    fleet.notify("ops", URL, secret="sentinel-sentinel")
    run_id = fleet.end(fleet.order("site"))
    fill(fleet)
    [taken] = take(fleet)
    assert taken.secrets == {"webhook_url": URL, "secret": "sentinel-sentinel"}
    run = taken.message.run
    assert run
    assert (run.id, run.template, run.state) == (run_id, "site", "failed")
    assert run.link == f"https://qm.example/api/v1/runs/{run_id}"


def test_without_its_key_a_message_waits_with_the_reason(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    fleet.settings.secret_key_path.unlink()
    [taken] = take(fleet)
    assert "QM_SECRET_KEY_FILE" in (taken.fault or "")
    assert taken.secrets == {}


def test_a_message_that_kills_each_worker_is_given_up(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    for _ in range(MOST_ATTEMPTS):
        assert len(take(fleet)) == 1
        make_due(fleet)
    assert take(fleet) == []
    [delivery] = list_all(fleet)
    assert (delivery["state"], delivery["attempts"]) == ("failed", MOST_ATTEMPTS)


def test_an_outcome_of_before_a_redelivery_is_passed_over(fleet: Fleet) -> None:
    fleet.notify("ops", URL)
    fleet.end(fleet.order())
    fill(fleet)
    [stalled] = take(fleet)
    make_due(fleet)
    [second] = take(fleet)
    conclude(fleet, second, answer_code=200)
    with fleet.store.writing() as session:
        redeliver(session, ACTOR, "ops", second.id, None)
    [third] = take(fleet)
    assert third.attempt == stalled.attempt
    conclude(fleet, stalled, error="late")
    [delivery] = list_all(fleet)
    assert delivery["last_error"] is None
