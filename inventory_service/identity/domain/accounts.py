# SPDX-License-Identifier: Apache-2.0
"""Accounts: people and programs, and the roles that they have in projects."""

import enum
from typing import Annotated

from pydantic import AfterValidator, Field

from inventory_service.core.actors import RESERVED_ACCOUNTS, Role
from inventory_service.core.field_types import Label, Line, Reason
from inventory_service.core.inputs import Input


class AccountKind(enum.StrEnum):
    """Who acts by an account."""

    PERSON = "person"
    PROGRAM = "program"


def check_account(value: str) -> str:
    """Return the name if an account can be called so.

    :raises ValueError: the service itself acts under it.
    """
    if value in RESERVED_ACCOUNTS:
        raise ValueError(f"must not be {value!r}: the service uses it for who has no account")
    return value


AccountName = Annotated[Label, AfterValidator(check_account)]


class AccountChange(Input):
    """The fields of an account that can change."""

    kind: AccountKind = AccountKind.PERSON
    description: Line | None = None
    reason: Reason | None = None


class AccountRegistration(AccountChange):
    """A new account, which has no role yet."""

    account: AccountName


class AccountReason(Input):
    """Why an account is disabled or enabled."""

    reason: Reason | None = None


class RoleRequest(Input):
    """A role to grant or to revoke."""

    role: Role
    project: Label | None = Field(
        default=None, description="null for all projects, and for what belongs to none"
    )
    reason: Reason | None = None

    def describe(self) -> str:
        """Return the role for a message: 'operator in project shop'."""
        where = f"in project {self.project}" if self.project else "in all projects"
        return f"{self.role} {where}"
