# SPDX-License-Identifier: Apache-2.0
"""Names of accounts are labels that the service has no use for, and roles say where they hold."""

import pytest
from pydantic import ValidationError

from inventory_service.core.actors import Role
from inventory_service.identity.domain.accounts import (
    AccountChange,
    AccountKind,
    AccountRegistration,
    RoleRequest,
)


@pytest.mark.parametrize("name", ["worker", "anonymous", "Ann", "-x", "a" * 64, ""])
def test_an_account_is_not_called_like_what_acts_without_one(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AccountRegistration(account=name)
    assert [fault["loc"] for fault in caught.value.errors()] == [("account",)]


@pytest.mark.parametrize("name", ["ann", "workers", "run-1-1", "a" * 63])
def test_any_other_label_names_an_account_of_a_person(name: str) -> None:
    made = AccountRegistration(account=name)
    assert (made.account, made.kind) == (name, AccountKind.PERSON)


def test_what_an_account_has_not_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="password"):
        AccountChange.model_validate({"password": "x"})
    with pytest.raises(ValidationError, match="role"):
        RoleRequest.model_validate({"role": "owner"})


@pytest.mark.parametrize(
    ("project", "text"), [(None, "admin in all projects"), ("shop", "admin in project shop")]
)
def test_a_role_says_where_it_holds(project: str | None, text: str) -> None:
    assert RoleRequest(role=Role.ADMIN, project=project).describe() == text
