# SPDX-License-Identifier: Apache-2.0
"""The token by which the playbook of a run speaks to the service: made for it, gone with it."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Scope
from inventory_service.identity.domain import TokenRequest
from inventory_service.identity.models import Token
from inventory_service.identity.usecases import create_token
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import WORKER

#: What a run may take beyond its time-out, until all of it is ended.
_SPARE = timedelta(hours=1)
#: What `give_token` calls them.
_OWN = re.compile(r"run-[0-9]+-[0-9]+")


def give_token(session: Session, run: Run) -> str:
    """Return a new token for the playbook of a run; records that it makes bear the run's name."""
    expires_at = datetime.now(UTC) + timedelta(seconds=run.options["timeout_s"]) + _SPARE
    request = TokenRequest(
        name=f"{_name(run.id)}{run.attempt}", scope=Scope.OPERATOR, expires_at=expires_at
    )
    return create_token(session, WORKER, request)[1]


def revoke_tokens(session: Session, run_id: int) -> None:
    """Revoke the tokens of a run."""
    query = select(Token).where(
        Token.name.startswith(_name(run_id), autoescape=True),
        # Not those that people have called so.
        Token.created_by == WORKER.name,
        Token.revoked_at.is_(None),
    )
    for token in session.scalars(query):
        token.revoke(WORKER)


def is_of_run(actor: Actor) -> bool:
    """Return whether the actor is a playbook with the token of its run."""
    return _OWN.fullmatch(actor.name) is not None


def _name(run_id: int) -> str:
    return f"run-{run_id}-"
