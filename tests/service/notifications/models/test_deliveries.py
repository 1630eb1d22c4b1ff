# SPDX-License-Identifier: Apache-2.0
"""A delivery keeps what came of its attempts, and there is one for a notification and a run."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.notifications.domain.deliveries import Outcome
from inventory_service.notifications.models.deliveries import Delivery
from inventory_service.settings import Settings
from tests.service.notifications.ended_runs import Fleet

NOW = datetime.now(UTC)


def make(attempts: int = 1) -> Delivery:
    return Delivery(
        notification="ops", state="pending", attempts=attempts, queued_at=NOW, due_at=NOW
    )


def test_an_error_has_room_in_its_column() -> None:
    delivery = make()
    delivery.conclude(Outcome(500, "x" * 1000))
    assert (len(delivery.last_error or ""), delivery.answer_code) == (255, 500)
    assert delivery.due_at >= NOW + timedelta(minutes=1)


def test_an_arrival_clears_the_error() -> None:
    delivery = make()
    delivery.conclude(Outcome(500, "refused"))
    delivery.conclude(Outcome(200))
    assert (delivery.state, delivery.last_error, delivery.answer_code) == ("delivered", None, 200)
    assert delivery.ended_at


def test_the_last_attempt_ends_it() -> None:
    delivery = make(attempts=10)
    delivery.conclude(Outcome(error="refused"))
    assert (delivery.state, delivery.last_error) == ("failed", "refused")


def test_the_database_itself_refuses_a_second_message_about_a_run(
    store: Database, settings: Settings
) -> None:
    fleet = Fleet(store, settings)
    fleet.notify("ops", "https://hook.example/")
    run_id = fleet.end(fleet.order())

    def submit() -> None:
        with store.writing() as session:
            Delivery(notification="ops", run_id=run_id).submit(session)

    submit()
    with pytest.raises(Conflict):
        submit()
