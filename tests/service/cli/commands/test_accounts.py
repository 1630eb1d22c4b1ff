# SPDX-License-Identifier: Apache-2.0
"""`qm account` against a real service: roles are granted and revoked, and hold at once."""

from collections.abc import Callable
from typing import Any

from click.testing import CliRunner, Result

from inventory_service.cli import main

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def test_an_account_is_registered_granted_a_role_and_shown(qm: Qm, ask: Ask) -> None:
    ask("project", "add", "shop")
    made = qm("account", "add", "ann", "--description", "Ann")
    assert "Account ann is registered. Grant it a role: qm account grant ann viewer" in made.stdout
    granted = qm("account", "grant", "ann", "operator", "--project", "shop")
    assert "Account ann has the role operator in shop." in granted.stdout
    qm("account", "grant", "ann", "approver")
    roles = [(role["project"], role["role"]) for role in ask("account", "show", "ann")["roles"]]
    assert set(roles) == {(None, "approver"), ("shop", "operator")}
    listed = qm("account", "list").stdout
    assert "approver in all projects" in listed
    assert "operator in shop" in listed
    assert {"account": "ann"} in ask("account", "list", "--fields", "account")


def test_a_role_is_revoked_and_an_account_disabled_and_enabled(
    qm: Qm, ask: Ask, service: Any
) -> None:
    ask("account", "add", "ann")
    ask("account", "grant", "ann", "viewer", "--reason", "new here")
    token = ask("token", "create", "laptop", "--account", "ann")["token"]

    def look() -> int:
        environment = {"QM_URL": service.url, "QM_TOKEN": token}
        return CliRunner(env=environment).invoke(main, ["status"]).exit_code

    assert look() == 0
    assert "is disabled" in qm("account", "disable", "ann", "--yes").stdout
    assert look() == 6
    assert "is enabled" in qm("account", "enable", "ann").stdout
    assert look() == 0
    revoked = qm("account", "revoke", "ann", "viewer", "--yes").stdout
    assert "Account ann has not the role viewer in all projects any more." in revoked
    assert look() == 6


def test_fields_are_changed_and_what_can_not_be_is_refused(qm: Qm, ask: Ask) -> None:
    ask("account", "add", "ann")
    assert ask("account", "set", "ann", "--kind", "program")["kind"] == "program"
    assert qm("account", "set", "ann").exit_code == 2
    assert qm("account", "show", "ghost").exit_code == 4
    assert qm("account", "revoke", "ann", "admin", "--yes").exit_code == 5
