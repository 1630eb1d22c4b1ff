# SPDX-License-Identifier: Apache-2.0
"""The token of a run acts in its name while it is live, and ends with it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.engine import Database
from inventory_service.identity.domain import TokenRequest
from inventory_service.identity.models import Token
from inventory_service.identity.usecases import authenticate, create_token, find_token
from inventory_service.runs.usecases.credentials import give_token, revoke_tokens
from tests.service.run_rows import ADMIN, add_template, order, start


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
        assert actor == Actor(f"run-{run.id}-1", Channel.ANSIBLE, Scope.OPERATOR)
        (token,) = session.scalars(select(Token))
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
