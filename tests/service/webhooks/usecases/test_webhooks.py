# SPDX-License-Identifier: Apache-2.0
"""A webhook is tried as far as it is known before a request, and its secrets are safe."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict, Forbidden, NotFound
from inventory_service.core.redaction import HIDDEN
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import get_entry, retire_entry
from inventory_service.runs.models.templates import Template
from inventory_service.webhooks.domain.webhooks import SecretRequest, WebhookRegistration
from inventory_service.webhooks.models.webhooks import Webhook
from inventory_service.webhooks.usecases.webhooks import (
    list_secrets,
    make_webhook_secret,
    register_webhook,
)
from tests.service.run_rows import ADMIN, OPERATOR
from tests.service.webhook_rows import Webhooks

#: What is wrong, its kind of error, a part of its text or its field.
WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"template": "none"}, BadInput, "no template 'none'"),
    ({"answers": {"nothing": 1}}, BadInput, "no question 'nothing'"),
    ({"answers": {"version": 1}}, BadInput, "answers.version"),
    ({"values": [{"field": "answers.other", "pointer": "/x"}]}, BadInput, "no question 'other'"),
    ({"values": []}, BadInput, "answers.version"),
    ({"values": [], "answers": {"version": "1"}, "limit": "nope"}, BadInput, "nope"),
]


@pytest.mark.parametrize(("fields", "kind", "reason"), WRONG)
def test_what_no_request_could_order_is_refused(
    webhooks: Webhooks, fields: dict[str, Any], kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        webhooks.add(**fields)


def test_a_retired_template_is_refused_and_a_wider_scope_is_needed(webhooks: Webhooks) -> None:
    webhooks.add_template(name="closed", launch_role="admin")
    wanted = WebhookRegistration(webhook="x", template="closed", kind="github")
    with webhooks.store.writing() as session:
        with pytest.raises(Forbidden):
            register_webhook(session, OPERATOR, wanted, sources=webhooks.sources)
        retire_entry(session, ADMIN, Template, "closed", RetirementRequest())
        with pytest.raises(Conflict, match="retired"):
            register_webhook(session, ADMIN, wanted, sources=webhooks.sources)


def test_a_change_is_tried_but_a_pause_works_when_nothing_else_does(webhooks: Webhooks) -> None:
    webhooks.add()
    with pytest.raises(BadInput, match="no question"):
        webhooks.change(answers={"nothing": 1})
    with webhooks.store.writing() as session:
        retire_entry(session, ADMIN, Template, "deploy", RetirementRequest())
    assert webhooks.change(is_paused=True, description="gone")["is_paused"]
    with pytest.raises(Conflict, match="retired"):
        webhooks.change(is_paused=False)


def test_a_secret_answer_is_sealed_and_shown_to_nobody(webhooks: Webhooks, store: Database) -> None:
    assert webhooks.add(answers={"pin": "sentinel"})["answers"] == {"pin": HIDDEN}
    assert webhooks.change(answers={"pin": "sentinel-2"})["answers"] == {"pin": HIDDEN}
    with store.reading() as session:
        for table in ("webhooks", "audit_records"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - our own names
            assert "sentinel" not in str(rows)


def test_a_secret_is_made_once_shown_once_and_on_record(
    webhooks: Webhooks, store: Database
) -> None:
    webhooks.add()
    secret = webhooks.secrets["deploy"]
    with store.reading() as session:
        webhook = get_entry(session, Webhook, "deploy")
        assert list_secrets(webhook, webhooks.vault, webhook.created_at) == [secret]
        assert secret not in str(webhook.as_dict())
        query = select(AuditRecord).where(AuditRecord.action == "make_secret")
        [record] = session.scalars(query)
        assert secret not in str((record.before, record.after))
        for table in ("webhooks", "audit_records"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - our own names
            assert secret not in str(rows)


def test_a_former_secret_is_valid_for_as_long_as_was_asked(
    webhooks: Webhooks, store: Database
) -> None:
    webhooks.add()
    first = webhooks.secrets["deploy"]
    second = webhooks.make_secret(overlap_s=60)
    with store.reading() as session:
        webhook = get_entry(session, Webhook, "deploy")
        made_at = webhook.secret_made_at
        assert made_at is not None
        at_once, later = made_at + timedelta(seconds=59), made_at + timedelta(seconds=60)
        assert list_secrets(webhook, webhooks.vault, at_once) == [second, first]
        assert list_secrets(webhook, webhooks.vault, later) == [second]
    third = webhooks.make_secret()
    with store.reading() as session:
        webhook = get_entry(session, Webhook, "deploy")
        assert list_secrets(webhook, webhooks.vault, made_at) == [third]


def test_a_secret_is_made_for_what_is_there(webhooks: Webhooks) -> None:
    wanted = WebhookRegistration(
        webhook="new", template="deploy", kind="github", answers={"version": "1"}
    )
    with webhooks.store.writing() as session:
        register_webhook(session, ADMIN, wanted, sources=webhooks.sources)
        with pytest.raises(Conflict, match="no former secret"):
            make_webhook_secret(
                session, ADMIN, "new", SecretRequest(overlap_s=1), vault=webhooks.vault
            )
        with pytest.raises(NotFound):
            make_webhook_secret(session, ADMIN, "none", SecretRequest(), vault=webhooks.vault)
        retire_entry(session, ADMIN, Webhook, "new", RetirementRequest())
        with pytest.raises(Conflict, match="retired"):
            make_webhook_secret(session, ADMIN, "new", SecretRequest(), vault=webhooks.vault)
