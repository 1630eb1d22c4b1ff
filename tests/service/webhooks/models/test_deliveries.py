# SPDX-License-Identifier: Apache-2.0
"""A delivery shows what became of a request, and nothing by which it could be sent again."""

from datetime import UTC, datetime

from inventory_service.webhooks.domain.webhooks import DeliveryOutcome
from inventory_service.webhooks.models.deliveries import WebhookDelivery


def test_a_long_reason_is_cut_and_the_key_is_not_shown() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    one = WebhookDelivery(
        id=1, webhook="deploy", key="k" * 64, received_at=now, address="192.0.2.1"
    )
    one.conclude(DeliveryOutcome.REFUSED, run_id=None, reason="x" * 1001)
    shown = one.as_dict()
    assert (shown["outcome"], shown["run_id"], len(shown["reason"])) == ("refused", None, 1000)
    assert "key" not in shown
    one.conclude(DeliveryOutcome.ACCEPTED, run_id=7, reason=None)
    assert (one.outcome, one.run_id, one.reason) == ("accepted", 7, None)
