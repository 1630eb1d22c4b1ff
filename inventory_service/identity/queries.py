# SPDX-License-Identifier: Apache-2.0
"""Reads of accounts that are larger than a row: what a token stands for, who else is an admin."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, column, exists, select, table
from sqlalchemy.orm import Session

from inventory_service.core.actors import Grant, Role
from inventory_service.identity.models.accounts import Account, AccountRole
from inventory_service.identity.models.tokens import Token

_TOKENS = Token.__table__.c
_ACCOUNTS = Account.__table__.c
_ROLES = AccountRole.__table__.c
#: Runs for each request: loading an object would take longer than the query.
_FIND = (
    select(
        _TOKENS.name,
        _TOKENS.scope,
        _TOKENS.digest,
        _TOKENS.expires_at,
        _TOKENS.revoked_at,
        _TOKENS.account,
        _ACCOUNTS.disabled_at,
        _ROLES.role,
        _ROLES.project,
    )
    .select_from(Token.__table__)
    .join(Account.__table__, _TOKENS.account == _ACCOUNTS.account)
    .outerjoin(AccountRole.__table__, _ROLES.account == _ACCOUNTS.account)
    .where(_TOKENS.token_id == bindparam("token_id"))
)
#: The fleet's; of it only the names are needed here.
_PROJECTS = table("projects", column("project"), column("retired_at"))


class KnownToken(NamedTuple):
    """What authentication needs of a token, its account and the account's roles."""

    name: str
    scope: str
    digest: str
    expires_at: datetime | None
    revoked_at: datetime | None
    account: str
    disabled_at: datetime | None
    grants: frozenset[Grant]


def find_token(session: Session, token_id: str) -> KnownToken | None:
    """Return a token by its id, live or not, or None: one query, with a row for each role."""
    rows = session.execute(_FIND, {"token_id": token_id}).all()
    if not rows:
        return None
    grants = frozenset((Role(row[7]), row[8]) for row in rows if row[7] is not None)
    return KnownToken(*rows[0][:7], grants)


def has_other_admin(session: Session, account: str) -> bool:
    """Return whether another account that is not disabled is an admin of all projects."""
    query = select(
        exists().where(
            AccountRole.account == Account.account,
            AccountRole.role == Role.ADMIN.value,
            AccountRole.project.is_(None),
            Account.disabled_at.is_(None),
            Account.account != account,
        )
    )
    return bool(session.execute(query).scalar_one())


def has_project(session: Session, project: str) -> bool:
    """Return whether there is a project of that name that is not retired."""
    query = select(exists().where(_PROJECTS.c.project == project, _PROJECTS.c.retired_at.is_(None)))
    return bool(session.execute(query).scalar_one())
