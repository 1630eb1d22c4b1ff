# SPDX-License-Identifier: Apache-2.0
"""A user acts for an account once somebody who may has said so."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.chat.domain.identities import IdentityRegistration, LinkConfirmation
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.usecases.identities import (
    confirm_link,
    find_actor,
    get_code,
    give_code,
    register_identity,
    remove_identity,
)
from inventory_service.core.actors import Actor, Channel, Role, Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict, Forbidden, NotFound
from tests.service.conftest import ACTOR, provide_accounts

SENDER = Sender("slack", "T1", "U1", "C1", "ada")
ADA = Actor("ada", Channel.CLI, Scope.ADMIN, token="laptop")


@pytest.fixture
def accounts(store: Database) -> None:
    with store.writing() as session:
        provide_accounts(session, ADA)


pytestmark = pytest.mark.usefixtures("accounts")


def test_a_code_links_its_user_once(store: Database) -> None:
    with store.writing() as session:
        former, code = give_code(session, SENDER), give_code(session, SENDER)
        assert get_code(session, code).as_dict()["user_name"] == "ada"
        with pytest.raises(NotFound, match="not valid"):
            get_code(session, former)
        assert find_actor(session, SENDER) is None
        made = confirm_link(session, ADA, LinkConfirmation(code=code))
        assert (made.account, made.scope, made.created_by) == ("ada", "operator", "ada")
        with pytest.raises(NotFound):
            confirm_link(session, ADA, LinkConfirmation(code=code))
        actor = find_actor(session, SENDER)
        assert actor is not None
        assert (actor.account, actor.channel, actor.token) == ("ada", Channel.CHAT, "slack/U1")
        # An admin elsewhere, and an operator here.
        assert actor.may(Role.OPERATOR, None)
        assert not actor.may(Role.ADMIN, None)
        for other in (
            Sender("slack", "T2", "U1", "C1"),
            Sender("mattermost", "T1", "U1", "C1"),
            Sender("slack", "T1", "U2", "C1"),
        ):
            assert find_actor(session, other) is None


def test_a_link_is_no_wider_than_the_token_that_confirms_it(store: Database) -> None:
    narrow = Actor("ada", Channel.CLI, Scope.VIEWER, token="reader")
    with store.writing() as session:
        code = give_code(session, SENDER)
        confirm_link(session, narrow, LinkConfirmation(code=code))
        actor = find_actor(session, SENDER)
        assert actor is not None
        assert not actor.may(Role.OPERATOR, None)


def test_a_code_is_over_after_ten_minutes(store: Database) -> None:
    with store.writing() as session:
        code = give_code(session, SENDER)
        get_code(session, code).expires_at = datetime.now(UTC) - timedelta(seconds=1)
        session.flush()
        with pytest.raises(NotFound, match="anew"):
            confirm_link(session, ADA, LinkConfirmation(code=code))


def test_a_run_links_nobody(store: Database) -> None:
    run = Actor("ada", Channel.ANSIBLE, Scope.OPERATOR, token="run-1-1")
    with store.writing() as session:
        code = give_code(session, SENDER)
        with pytest.raises(Forbidden, match="Only people"):
            confirm_link(session, run, LinkConfirmation(code=code))


def test_a_user_has_one_account(store: Database) -> None:
    wanted = IdentityRegistration(platform="slack", team_id="T1", user_id="U1", account="ada")
    with store.writing() as session:
        code = give_code(session, SENDER)
        one = register_identity(session, ACTOR, wanted)
        for act in (
            lambda: register_identity(session, ACTOR, wanted),
            lambda: confirm_link(session, ADA, LinkConfirmation(code=code)),
        ):
            with pytest.raises(Conflict, match=f"qm chat identity remove {one.id}"):
                act()
        remove_identity(session, ACTOR, one.id, None)
        session.flush()
        assert find_actor(session, SENDER) is None
        with pytest.raises(NotFound, match="no chat identity"):
            remove_identity(session, ACTOR, one.id, None)


def test_an_account_must_be_there(store: Database) -> None:
    wanted = IdentityRegistration(platform="slack", team_id="T1", user_id="U1", account="bob")
    with store.writing() as session, pytest.raises(NotFound, match="bob"):
        register_identity(session, ACTOR, wanted)
