# SPDX-License-Identifier: Apache-2.0
"""Webhooks in a database, with a template for them, and requests as they come in."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.runs.domain.sources import RunSources
from inventory_service.webhooks.domain.signatures import WebhookKind
from inventory_service.webhooks.domain.webhooks import (
    SecretRequest,
    WebhookChange,
    WebhookRegistration,
)
from inventory_service.webhooks.usecases.deliveries import Received, Taken, prove, take_request
from inventory_service.webhooks.usecases.webhooks import (
    change_webhook,
    make_webhook_secret,
    register_webhook,
)
from tests.service.conftest import provide_accounts
from tests.service.run_rows import ADMIN, OPERATOR, PLAYBOOKS, add_template, list_targets
from tests.service.webhook_signing import SIGN

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
SURVEY = {
    "type": "object",
    "properties": {
        "version": {"type": "string", "maxLength": 20},
        "pin": {"type": "string", "writeOnly": True},
    },
    "required": ["version"],
}
VALUES = [{"field": "answers.version", "pointer": "/ref", "remove_prefix": "refs/tags/"}]
BODY = {"ref": "refs/tags/v1.2"}


@dataclass
class Webhooks:
    """Registers webhooks, and sends requests to them at times that a test chooses."""

    store: Database
    key: Path
    secrets: dict[str, str] = field(default_factory=dict)
    kind: WebhookKind = WebhookKind.STANDARD

    @property
    def vault(self) -> Vault:
        """Return what seals."""
        return Vault(self.key)

    @property
    def sources(self) -> RunSources:
        """Return what orders are checked against."""
        return RunSources(lambda: PLAYBOOKS, list_targets, self.vault.seal, self.vault.open)

    def add_template(self, **fields: Any) -> None:
        with self.store.writing() as session:
            provide_accounts(session, ADMIN, OPERATOR)
            add_template(session, survey=SURVEY, **fields)

    def add(self, name: str = "deploy", **fields: Any) -> dict[str, Any]:
        """Register a webhook of the template `deploy`, with a secret."""
        wanted = {"webhook": name, "template": "deploy", "kind": self.kind, "values": VALUES}
        with self.store.writing() as session:
            registration = WebhookRegistration(**(wanted | fields))
            made = register_webhook(session, ADMIN, registration, sources=self.sources).as_dict()
        self.make_secret(name)
        return made

    def change(self, name: str = "deploy", **fields: Any) -> dict[str, Any]:
        with self.store.writing() as session:
            change = WebhookChange(**fields)
            return change_webhook(session, ADMIN, name, change, sources=self.sources).as_dict()

    def make_secret(self, name: str = "deploy", *, overlap_s: int = 0) -> str:
        with self.store.writing() as session:
            request = SecretRequest(overlap_s=overlap_s)
            _, secret = make_webhook_secret(session, ADMIN, name, request, vault=self.vault)
        self.secrets[name] = secret
        return secret

    def receive(
        self,
        body: Any = BODY,
        *,
        name: str = "deploy",
        delivery: str = "one",
        secret: str | None = None,
        now: datetime = NOW,
    ) -> Received:
        """Return a request, signed now by the present secret unless another one is given."""
        raw = json.dumps(body).encode()
        given = secret or self.secrets[name]
        headers = SIGN[self.kind](given, raw, int(now.timestamp()), delivery)
        lower = {header.lower(): value for header, value in headers.items()}
        return Received(lower, raw, body, "192.0.2.7", now)

    def send(self, body: Any = BODY, *, name: str = "deploy", **options: Any) -> Taken:
        """Send a request, and return what became of it."""
        received = self.receive(body, name=name, **options)
        with self.store.reading() as session:
            proof = prove(session, name, received, vault=self.vault)
        with self.store.writing() as session:
            taken = take_request(session, name, received, proof, sources=self.sources)
            session.flush()
            session.expunge(taken.delivery)
        return taken
