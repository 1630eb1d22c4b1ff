# SPDX-License-Identifier: Apache-2.0
"""A webhook acts under a name of its own, with the rights of who made it."""

from inventory_service.core.database.engine import Database
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.webhooks.models.webhooks import Webhook
from tests.service.webhook_rows import Webhooks


def test_who_acts_for_it_bears_its_name_and_scope(webhooks: Webhooks, store: Database) -> None:
    webhooks.add("a" * 55)
    with store.reading() as session:
        webhook = get_entry(session, Webhook, "a" * 55)
        assert webhook.token == f"webhook-{'a' * 55}"
        assert len(webhook.token) == 63
        assert (webhook.account, webhook.scope) == ("ann", "admin")
        assert [rule.field for rule in webhook.list_values()] == ["answers.version"]
        assert webhook.list_conditions() == []
