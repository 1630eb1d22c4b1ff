# SPDX-License-Identifier: Apache-2.0
"""What became of requests is listed over HTTP, for those with a token."""

from datetime import UTC, datetime, timedelta

from inventory_service.core.database.engine import Database
from inventory_service.webhooks.domain.webhooks import DeliveryOutcome
from inventory_service.webhooks.models.deliveries import WebhookDelivery
from tests.service.conftest import Caller
from tests.service.webhook_rows import VALUES

PATH = "/api/v1/webhooks"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def test_requests_are_listed_the_newest_first_page_by_page(
    admin: Caller, viewer: Caller, stranger: Caller, database: Database
) -> None:
    webhook = {"webhook": "release", "template": "deploy", "kind": "github", "values": VALUES}
    admin.post(PATH, webhook)
    with database.writing() as session:
        for number, outcome in enumerate(DeliveryOutcome):
            one = WebhookDelivery(webhook="release", key=str(number))
            one.receive("192.0.2.1", NOW + timedelta(hours=number))
            one.conclude(outcome, run_id=None, reason="because")
            session.add(one)
    path = f"{PATH}/release/deliveries"
    first = viewer.get(f"{path}?limit=2")
    rest = viewer.get(f"{path}?limit=2&cursor={first['next_cursor']}")
    found = [one["outcome"] for one in first["items"] + rest["items"]]
    assert found == ["refused", "ignored", "accepted"]
    assert len(viewer.get(f"{path}?outcome=ignored&outcome=refused")["items"]) == 2
    viewer.get(f"{path}?outcome=lost", status=422)
    viewer.get(f"{PATH}/none/deliveries", status=404)
    stranger.get(path, status=401)
