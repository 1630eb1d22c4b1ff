# SPDX-License-Identifier: Apache-2.0
"""A service with both platforms, people who are known there, and a worker's messengers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from inventory_service.core.actors import Actor, Channel, Scope
from tests.service.chat.chats import CHATS, TEAM, Answer, Chat, Server, make_settings, serving
from tests.service.conftest import ACTOR, make_node, provide_accounts

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from inventory_service.core.database.engine import Database
    from inventory_service.settings import Settings
    from tests.service.conftest import Caller

#: The playbook of the rows that tests of approvals make.
PLAYBOOK = "playbooks/site.yml"
#: The users of the platforms, and the accounts that they act for.
PEOPLE = {
    "U1": Actor("olga", Channel.API, Scope.OPERATOR),
    "U2": Actor("paul", Channel.API, Scope.APPROVER),
    "U3": Actor("vera", Channel.API, Scope.VIEWER),
    "U4": Actor("anna", Channel.API, Scope.OPERATOR),
}
STRANGER = "U9"


@pytest.fixture
def chat_server() -> Iterator[Server]:
    """Both platforms, where their messages are read."""
    with serving() as server:
        yield server


@pytest.fixture
def settings(database_url: str, tmp_path: Path, chat_server: Server) -> Settings:
    from inventory_service.core.encryption import make_key  # noqa: PLC0415 (rules are tested without it)
    from inventory_service.settings import Settings  # noqa: PLC0415 (rules are tested without it)

    (tmp_path / "playbooks").mkdir()
    (tmp_path / PLAYBOOK).write_text("- hosts: all\n", "utf-8")
    make_key(tmp_path / "secret.key")
    return Settings(
        database_url=database_url,
        playbooks_dir=tmp_path,
        secret_key_file=tmp_path / "secret.key",
        **make_settings(tmp_path, chat_server),
    )


@pytest.fixture(params=["slack", "mattermost"])
def chat(request: pytest.FixtureRequest, app: Flask, chat_server: Server) -> Chat:
    """Each of the platforms."""
    return connect(app, chat_server, request.param)


def connect(app: Flask, server: Server, name: str) -> Chat:
    client = app.test_client()

    def send(path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = client.post(path, headers=dict(headers), data=body)
        return Answer(answer.status_code, answer.get_data(as_text=True))

    return CHATS[name](send, server)


@pytest.fixture
def people(database: Database) -> None:
    """Accounts, and the identities of their people on both platforms."""
    from inventory_service.chat.domain.identities import (  # noqa: PLC0415 (rules are tested without it)
        IdentityRegistration,
    )
    from inventory_service.chat.usecases.identities import (  # noqa: PLC0415 (rules are tested without it)
        register_identity,
    )

    with database.writing() as session:
        provide_accounts(session, *PEOPLE.values())
        for name in CHATS:
            for user, actor in PEOPLE.items():
                wanted = IdentityRegistration(
                    platform=name, team_id=TEAM, user_id=user, account=actor.account
                )
                register_identity(session, ACTOR, wanted)


@pytest.fixture
def nodes(operator: Caller, cluster: str) -> None:
    """Two active nodes."""
    for number, name in enumerate(("web-1", "web-2"), 1):
        address = f"192.0.2.{number}"
        make_node(operator, name, cluster_id=cluster, external_ip=address, state="active")


@pytest.fixture
def worker(database: Database, settings: Settings, chat: Chat) -> Any:
    """The messenger of the platform; each turn comes as late as it likes."""
    return make_worker(database, settings, chat.name)


def make_worker(database: Database, settings: Settings, name: str) -> Any:
    from inventory_service.chat.platforms import make_platforms  # noqa: PLC0415 (rules are tested without it)
    from inventory_service.worker.messenger import Messenger  # noqa: PLC0415 (rules are tested without it)

    return Messenger(database, settings, make_platforms(settings).known[name])


@pytest.fixture
def shop(database: Database, nodes: None) -> None:  # noqa: ARG001 - only that they are there
    """A template with questions, whose runs need one approval if they are no check."""
    from tests.service.approvals.plan_rows import add_template  # noqa: PLC0415 (rules are tested without it)

    survey = {
        "type": "object",
        "properties": {
            "count": {"type": "integer", "default": 1},
            "text": {"type": "string", "default": "x"},
            "db_password": {"type": "string", "default": "y"},
        },
    }
    with database.writing() as session:
        add_template(session, "shop", survey=survey)
        add_template(session, "guarded", approvals_needed=1)


@pytest.fixture
def waiting(database: Database, shop: None) -> int:  # noqa: ARG001 - only that it is there
    """A run of Anna that waits for one approval."""
    from tests.service.approvals.plan_rows import apply, make_plan  # noqa: PLC0415 (rules are tested without it)

    with database.writing() as session:
        return apply(session, make_plan(session, "guarded")).id
