# SPDX-License-Identifier: Apache-2.0
"""Runs that end as a test wants, and notifications that hear of it."""

from dataclasses import dataclass
from typing import Any

from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.notifications.domain.notifications import NotificationRegistration
from inventory_service.notifications.usecases.notifications import register_notification
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.settings import Settings
from tests.service.conftest import ACTOR

_OPTIONS = {"check": False, "concurrency": 0}
#: The states before an end.
_WAY = (RunState.STARTING, RunState.RUNNING)


@dataclass(frozen=True)
class Fleet:
    """A database with a key beside it."""

    store: Database
    settings: Settings

    @property
    def vault(self) -> Vault:
        return Vault(self.settings.secret_key_path)

    def order(self, template: str = "ping") -> int:
        """Order a run; return its id."""
        with self.store.writing() as session:
            run = Run(
                template=template,
                playbook=f"quartermaster.fleet.{template}",
                limit="",
                hosts=["web-1"],
                options=_OPTIONS,
                variables={},
                answers={},
                locks={},
                is_idempotent=False,
            )
            run.submit(session, ACTOR, "sentinel-free")
            for state in _WAY:
                run._go(state, None)
            return run.id

    def end(self, run_id: int, state: RunState = RunState.FAILED) -> int:
        """End a run."""
        with self.store.writing() as session:
            session.get_one(Run, run_id).end(state, "exit code 2", actor=ACTOR, exit_code=2)
        return run_id

    def notify(self, name: str, url: str | None, **fields: Any) -> None:
        """Register a notification."""
        wanted = NotificationRegistration(
            **{"notification": name, "kind": "webhook", "webhook_url": url} | fields
        )
        with self.store.writing() as session:
            register_notification(session, ACTOR, wanted, vault=self.vault)
