# SPDX-License-Identifier: Apache-2.0
"""The token by which the playbook of a run speaks to the service: made for it, gone with it."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Scope
from inventory_service.identity.domain.tokens import TokenRequest
from inventory_service.identity.models.tokens import Token
from inventory_service.identity.usecases.accounts import get_account
from inventory_service.identity.usecases.tokens import issue_token
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import WORKER

#: What a run may take beyond its time-out, until all of it is ended.
_SPARE = timedelta(hours=1)
#: What `give_token` calls them.
_OWN = re.compile(r"run-[0-9]+-[0-9]+")


def give_token(session: Session, run: Run) -> str:
    """Return a new token for the playbook of a run; records that it makes bear the run's name.

    :raises NotFound: who ordered it has no account.
    """
    expires_at = datetime.now(UTC) + timedelta(seconds=run.options["timeout_s"]) + _SPARE
    # Of who ordered it, whose roles bound it; and no wider than that was asked by.
    scope = Scope(run.scope) if Scope.OPERATOR.covers(Scope(run.scope)) else Scope.OPERATOR
    request = TokenRequest(name=f"{_name(run.id)}{run.attempt}", scope=scope, expires_at=expires_at)
    get_account(session, run.requested_by)
    return issue_token(session, WORKER, run.requested_by, request)[1]


def revoke_tokens(session: Session, run_id: int) -> None:
    """Revoke the tokens of a run."""
    query = select(Token).where(
        Token.name.startswith(_name(run_id), autoescape=True),
        # Not those that people have called so.
        Token.created_by == WORKER.account,
        Token.revoked_at.is_(None),
    )
    for token in session.scalars(query):
        token.revoke(WORKER)


def is_of_run(actor: Actor) -> bool:
    """Return whether the actor is a playbook with the token of its run."""
    return _OWN.fullmatch(actor.token or "") is not None


def _name(run_id: int) -> str:
    return f"run-{run_id}-"
