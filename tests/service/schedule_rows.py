# SPDX-License-Identifier: Apache-2.0
"""Schedules in a database, with a template for them and hosts that a test can take away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.usecases.templates import register_template
from inventory_service.schedules.domain.schedules import ScheduleChange, ScheduleRegistration
from inventory_service.schedules.models import Schedule
from inventory_service.schedules.usecases.firings import Firing, fire_due
from inventory_service.schedules.usecases.schedules import change_schedule, register_schedule
from tests.service.conftest import provide_accounts
from tests.service.run_rows import seal, unseal

PLAYBOOK = "playbooks/site.yml"
OPERATOR = Actor("ada", Channel.CLI, Scope.OPERATOR)
ADMIN = Actor("root", Channel.API, Scope.ADMIN)
SURVEY = {
    "type": "object",
    "properties": {"version": {"type": "string"}, "count": {"type": "integer", "default": 1}},
}


@dataclass
class Schedules:
    """Registers, changes and fires schedules at times that a test chooses."""

    store: Database
    hosts: list[str] = field(default_factory=lambda: ["web-1", "web-2"])
    playbooks: set[str] = field(default_factory=lambda: {PLAYBOOK})

    @property
    def sources(self) -> RunSources:
        """Return what orders are checked against."""
        return RunSources(lambda: self.playbooks, self._list_targets, seal, unseal)

    def add_template(self, name: str = "deploy", **fields: Any) -> None:
        wanted = {"template": name, "playbook": PLAYBOOK, "survey": SURVEY} | fields
        with self.store.writing() as session:
            provide_accounts(session, ADMIN, OPERATOR)
            register_template(session, ADMIN, TemplateRegistration(**wanted), sources=self.sources)

    def add(
        self, now: str, name: str = "nightly", *, actor: Actor = OPERATOR, **fields: Any
    ) -> dict[str, Any]:
        """Register a schedule of the template `deploy`, each night at two unless it is set."""
        wanted = {"schedule": name, "template": "deploy"} | fields
        if "at" not in wanted:
            wanted = {"cron": "0 2 * * *"} | wanted
        with self.store.writing() as session:
            registration = ScheduleRegistration(**wanted)
            register_schedule(session, actor, registration, sources=self.sources, now=moment(now))
        return self.get(name)

    def change(
        self, now: str, name: str = "nightly", *, actor: Actor = OPERATOR, **fields: Any
    ) -> dict[str, Any]:
        with self.store.writing() as session:
            change = ScheduleChange(**fields)
            change_schedule(session, actor, name, change, sources=self.sources, now=moment(now))
        return self.get(name)

    def fire(self, now: str) -> list[Firing]:
        with self.store.writing() as session:
            return fire_due(session, moment(now), sources=self.sources)

    def get(self, name: str = "nightly") -> dict[str, Any]:
        """Return a schedule as outsiders see it."""
        with self.store.reading() as session:
            return get_entry(session, Schedule, name).as_dict()

    def next_at(self, name: str = "nightly") -> str | None:
        found = self.get(name)["next_at"]
        return found and f"{found:%Y-%m-%d %H:%M:%S}"

    def _list_targets(
        self, _session: object, _filters: Mapping[str, Sequence[str]]
    ) -> Iterable[Target]:
        return [Target(name, ["web"]) for name in self.hosts]


def moment(text: str) -> datetime:
    """Return a moment in UTC of `2027-01-01 02:00`."""
    return datetime.fromisoformat(f"{text}+00:00")
