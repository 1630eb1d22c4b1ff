# SPDX-License-Identifier: Apache-2.0
"""Templates and runs for tests below the routes, in a fleet of two web nodes and a database."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.targets import Target
from inventory_service.runs.domain.templates import TemplateRegistration
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.claims import TakenRun, begin_run, take_runs
from inventory_service.runs.usecases.orders import order_run
from inventory_service.runs.usecases.templates import register_template
from tests.service.conftest import provide_accounts

ADMIN = Actor("ann", Channel.CLI, Scope.ADMIN)
OPERATOR = Actor("olaf", Channel.API, Scope.OPERATOR)
PLAYBOOKS = ["acme.shop.deploy", "playbooks/clean.yml"]
HOSTS = ["db-1", "web-1", "web-2"]
LEASE = timedelta(seconds=30)
#: A lease that has ended as soon as it is given.
NO_LEASE = timedelta(seconds=-1)


def list_targets(_session: Session, filters: Mapping[str, Sequence[str]]) -> Iterator[Target]:
    """Yield the hosts, less those of a type that the filters leave out."""
    for name in HOSTS:
        node_type = name.partition("-")[0]
        if not filters["node_type"] or node_type in filters["node_type"]:
            yield Target(name, [node_type])


def seal(secrets: Mapping[str, str]) -> str:
    """Return the secrets backwards, which is enough for a test to tell them apart."""
    return json.dumps(dict(secrets))[::-1]


def unseal(sealed: str) -> dict[str, str]:
    opened: dict[str, str] = json.loads(sealed[::-1])
    return opened


SOURCES = RunSources(lambda: PLAYBOOKS, list_targets)


def add_template(session: Session, name: str = "deploy", **fields: Any) -> Template:
    """Register a template whose runs lock nothing, unless the fields differ."""
    provide_accounts(session, ADMIN, OPERATOR)
    wanted = {"template": name, "playbook": PLAYBOOKS[0], "host_lock": None} | fields
    return register_template(session, ADMIN, TemplateRegistration(**wanted), sources=SOURCES)


def order(session: Session, template: str = "deploy", **fields: Any) -> Run:
    return order_run(session, OPERATOR, RunOrder(template=template, **fields), sources=SOURCES)


def start(session: Session, *, lease: timedelta = LEASE, worker: str = "w1") -> list[TakenRun]:
    """Take what may start and begin it; a run's supervisor is called after it."""
    taken = take_runs(session, worker, owner="1:1:1", slots=9, lease=lease)
    for one in taken:
        begin_run(session, one, f"supervisor-{one.run_id}", lease)
    return taken


def show(store: Database, run_id: int) -> dict[str, Any]:
    """Return a run as it is in the database now."""
    with store.reading() as session:
        return session.get_one(Run, run_id).as_dict()
