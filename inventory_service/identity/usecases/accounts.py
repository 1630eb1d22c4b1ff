# SPDX-License-Identifier: Apache-2.0
"""Acts on accounts: register, change, disable, grant and revoke roles, and act for one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Role, Scope
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import BadInput, Conflict, FieldError, Forbidden, NotFound
from inventory_service.core.pagination import Page
from inventory_service.core.preconditions import Expected, check_if_match
from inventory_service.identity import queries
from inventory_service.identity.domain.accounts import (
    AccountChange,
    AccountKind,
    AccountRegistration,
    RoleRequest,
)
from inventory_service.identity.models.accounts import Account


def register_account(session: Session, actor: Actor, wanted: AccountRegistration) -> Account:
    """Register an account, which has no role yet.

    :raises Conflict: the name is taken.
    """
    if session.get(Account, wanted.account) is not None:
        raise Conflict(
            f"There is an account '{wanted.account}' already. Change it, or choose another name."
        )
    fields = wanted.model_dump(mode="json", exclude={"reason"})
    return Account.register(session, actor, fields, wanted.reason)


def provide_account(
    session: Session,
    actor: Actor,
    name: str,
    scope: Scope,
    *,
    kind: AccountKind = AccountKind.PROGRAM,
) -> Account:
    """Return the account of that name, made with the roles of the scope if there is none."""
    account = session.get(Account, name)
    if account is not None:
        return account
    fields = {"account": name, "kind": kind.value, "description": None}
    account = Account.register(session, actor, fields, None)
    for role in scope.list_roles():
        account.grant(role, None, actor, None)
    session.flush()
    return account


def change_account(
    session: Session, actor: Actor, name: str, change: AccountChange, *, expected: Expected = None
) -> Account:
    """Set the fields that the change names; nothing is recorded if all have these values already.

    :raises NotFound: no such account.
    :raises PreconditionFailed: it is not as the caller expects it.
    """
    account = get_account(session, name)
    check_if_match(f"Account '{name}'", account.revision, expected)
    fields = change.model_dump(mode="json", include=change.model_fields_set - {"reason"})
    if any(getattr(account, field) != value for field, value in fields.items()):
        account.change(fields, actor, change.reason)
    return account


def disable_account(session: Session, actor: Actor, name: str, reason: str | None) -> Account:
    """Disable an account: its tokens are refused at once, and its schedules do not fire.

    :raises NotFound: no such account.
    :raises Conflict: it is the last admin of all projects.
    """
    account = get_account(session, name)
    _check_admins(session, account, account.disabled_at is None, "disabled")
    account.disable(actor, reason)
    return account


def enable_account(session: Session, actor: Actor, name: str, reason: str | None) -> Account:
    """Enable an account: those of its tokens are good again that are not revoked or expired.

    :raises NotFound: no such account.
    """
    account = get_account(session, name)
    account.enable(actor, reason)
    return account


def grant_role(session: Session, actor: Actor, name: str, request: RoleRequest) -> Account:
    """Give an account a role; one that it has stays as it is.

    :raises NotFound: no such account.
    :raises BadInput: no such project.
    """
    account = get_account(session, name)
    if request.project is not None and not queries.has_project(session, request.project):
        raise BadInput(
            f"There is no project '{request.project}'. `qm project list` shows those that there "
            "are.",
            field_errors=[FieldError("project", "does not exist")],
        )
    account.grant(request.role, request.project, actor, request.reason)
    session.flush()
    return account


def revoke_role(session: Session, actor: Actor, name: str, request: RoleRequest) -> Account:
    """Take from an account a role that it was granted just so.

    :raises NotFound: no such account.
    :raises Conflict: it was not granted that role there, or is the last admin of all projects.
    """
    account = get_account(session, name)
    is_admin = (request.role, request.project) == (Role.ADMIN, None)
    _check_admins(session, account, is_admin, "without that role")
    account.revoke(request.role, request.project, actor, request.reason)
    session.flush()
    return account


def get_account(session: Session, name: str) -> Account:
    """Return an account.

    :raises NotFound: no such account.
    """
    account = session.get(Account, name)
    if account is None:
        raise NotFound(
            f"There is no account '{name[:64]}'. `qm account list` shows those that there are; "
            "`qm account add` makes one."
        )
    return account


def list_accounts(session: Session, page: Page) -> Sequence[Account]:
    """Return a page of accounts, disabled ones too."""
    return read_page(session, Account, select(Account), page)


def describe_actor(actor: Actor) -> dict[str, Any]:
    """Return who acts, and what that may do where, as far as the token's scope lets it."""
    places = sorted({where or "" for _, where in actor.grants})
    roles = [
        {"role": role, "project": where or None}
        for where in places
        for role in Role
        if actor.may(role, where or None)
    ]
    return {"account": actor.account, "token": actor.token, "scope": actor.scope, "roles": roles}


def act_for(session: Session, name: str, channel: Channel, scope: Scope, *, token: str) -> Actor:
    """Return who acts for an account without being asked by it: with its roles as they are now.

    :raises Forbidden: there is no such account, or it is disabled.
    """
    account = session.get(Account, name)
    if account is None or account.disabled_at is not None:
        state = "is disabled" if account else "does not exist"
        raise Forbidden(f"Account '{name}', for which this acts, {state}.")
    return Actor(name, channel, scope, account.grants, token)


def _check_admins(session: Session, account: Account, is_removal: bool, how: str) -> None:  # noqa: FBT001 - a step of two use cases
    """Refuse to remove the last admin of all projects: nobody could make another one."""
    is_admin = account.find_role(Role.ADMIN, None) is not None and account.disabled_at is None
    if is_removal and is_admin and not queries.has_other_admin(session, account.account):
        raise Conflict(
            f"Account '{account.account}' is the last admin of all projects, and can't be {how}. "
            "Grant that role to another one first: qm account grant NAME admin"
        )
