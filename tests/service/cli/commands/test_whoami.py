# SPDX-License-Identifier: Apache-2.0
"""`qm whoami` names the account of the token, and what it may do."""

from collections.abc import Callable
from typing import Any

from click.testing import Result

from inventory_service.core.actors import Scope


def test_who_asks_is_told_account_scope_and_roles(
    qm: Callable[..., Result], ask: Callable[..., Any]
) -> None:
    assert ask("whoami", scope=Scope.APPROVER) == {
        "account": "approver",
        "token": "approver",
        "scope": "approver",
        "roles": [{"role": "viewer", "project": None}, {"role": "approver", "project": None}],
    }
    shown = qm("whoami", scope=Scope.VIEWER).stdout
    assert "viewer in all projects" in shown
    assert qm("whoami", scope=None).exit_code == 6
