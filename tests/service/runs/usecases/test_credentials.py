# SPDX-License-Identifier: Apache-2.0
"""The token of a run acts in its name while it is live, and ends with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from inventory_service.core.actors import Actor, Channel, Role, Scope
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import NotFound
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.models.tokens import Token
from inventory_service.identity.queries import find_token
from inventory_service.identity.usecases.authentication import authenticate
from inventory_service.identity.usecases.tokens import create_token
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.usecases.credentials import give_token, is_of_run, revoke_tokens
from inventory_service.runs.usecases.orders import order_run
from tests.service.run_rows import ADMIN, OPERATOR, SOURCES, add_template, order, start


def list_live(store: Database) -> list[str]:
    with store.reading() as session:
        query = select(Token.name).where(Token.revoked_at.is_(None)).order_by(Token.name)
        return list(session.scalars(query))


def test_a_run_has_a_token_of_an_operator_until_some_time_after_its_time_out(
    store: Database,
) -> None:
    with store.writing() as session:
        add_template(session, timeout_s=600)
        run = order(session)
        start(session)
        before = datetime.now(UTC)
        text = give_token(session, run)
        actor = authenticate(text, Channel.ANSIBLE, lambda token_id: find_token(session, token_id))
        assert (actor.account, actor.token) == ("olaf", f"run-{run.id}-1")
        assert (actor.scope, actor.may(Role.OPERATOR, None)) == (Scope.OPERATOR, True)
        assert is_of_run(actor)
        (token,) = session.scalars(select(Token))
        assert (token.account, token.created_by) == ("olaf", "worker")
        assert token.expires_at is not None
        left = token.expires_at - before
        assert timedelta(hours=1, minutes=10) <= left < timedelta(hours=1, minutes=11)


def test_the_tokens_of_a_run_end_with_it_and_no_others(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        runs = [order(session) for _ in range(11)]
        for run, attempt in ((runs[0], 1), (runs[0], 2), (runs[9], 1), (runs[10], 1)):
            run.attempt = attempt
            give_token(session, run)
        create_token(session, ADMIN, TokenRequest(name="run-1-mine", scope=Scope.VIEWER))
    assert list_live(store) == ["run-1-1", "run-1-2", "run-1-mine", "run-10-1", "run-11-1"]
    for _ in range(2):
        with store.writing() as session:
            revoke_tokens(session, 1)
        assert list_live(store) == ["run-1-mine", "run-10-1", "run-11-1"]


@pytest.mark.parametrize(
    ("ordered_by", "has"),
    [
        (Scope.VIEWER, Scope.VIEWER),
        (Scope.APPROVER, Scope.APPROVER),
        (Scope.OPERATOR, Scope.OPERATOR),
        (Scope.ADMIN, Scope.OPERATOR),
    ],
)
def test_a_run_may_no_more_than_who_ordered_it_and_never_what_an_admin_may(
    store: Database, ordered_by: Scope, has: Scope
) -> None:
    with store.writing() as session:
        add_template(session, launch_role="viewer")
        actor = replace(OPERATOR, scope=ordered_by)
        run = order_run(session, actor, RunOrder(template="deploy"), sources=SOURCES)
        give_token(session, run)
        (token,) = session.scalars(select(Token))
        assert token.scope == has


def test_a_run_of_somebody_without_an_account_gets_no_token(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        ghost = Actor("ghost", Channel.API, Scope.OPERATOR)
        run = order_run(session, ghost, RunOrder(template="deploy"), sources=SOURCES)
        with pytest.raises(NotFound, match="no account 'ghost'"):
            give_token(session, run)


def test_it_is_the_token_and_not_the_account_that_tells_a_run() -> None:
    assert is_of_run(replace(ADMIN, token="run-1-1"))
    for token in (None, "run-1", "run-1-1-x", "my-run-1-1"):
        assert not is_of_run(replace(ADMIN, account="run-1-1", token=token))
