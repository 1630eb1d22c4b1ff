# SPDX-License-Identifier: Apache-2.0
"""Codes are hard to guess and easy to type, and chat never gets more than the scope operator."""

import pytest
from pydantic import ValidationError

from inventory_service.chat.domain.identities import (
    IdentityRegistration,
    digest_code,
    limit_scope,
    make_code,
    show_code,
)
from inventory_service.core.actors import Scope
from inventory_service.core.errors import BadInput


def test_a_code_is_typed_in_any_way() -> None:
    code = make_code()
    wanted = digest_code(show_code(code))
    assert digest_code(f" {code.lower()} ") == wanted
    assert code not in wanted
    assert len({make_code() for _ in range(50)}) == 50


@pytest.mark.parametrize("text", ["", "ABCDE", "ABCDE-FGHJ0", "ABCDE-FGHJKL", "ÄBCDE-FGHJK"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no code"):
        digest_code(text)


def test_a_link_gives_no_more_than_its_token_and_than_operator() -> None:
    assert [limit_scope(scope) for scope in Scope] == [
        Scope.VIEWER,
        Scope.APPROVER,
        Scope.OPERATOR,
        Scope.OPERATOR,
    ]


@pytest.mark.parametrize("user_id", ["", "U 1", "U1/..", "<@U1>", "U" * 65])
def test_ids_are_those_of_platforms(user_id: str) -> None:
    fields = {"platform": "slack", "team_id": "T1", "account": "ada"}
    assert IdentityRegistration(user_id="U1", **fields).user_id == "U1"
    with pytest.raises(ValidationError):
        IdentityRegistration(user_id=user_id, **fields)
