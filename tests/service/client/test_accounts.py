# SPDX-License-Identifier: Apache-2.0
"""Accounts get roles, tokens are created and revoked, and the audit is read, by the client."""

import pytest

from inventory_service.client import Client, Forbidden, Unauthorized
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


def test_a_token_is_shown_once_and_ends_with_its_revocation(api: Client) -> None:
    made = api.tokens.create("deploy", scope="viewer", expires_at="2999-01-01T00:00:00Z")
    deploy = Client(api.url, made["token"])
    assert deploy.read_status()
    (listed,) = [one for one in api.tokens.iterate() if one["name"] == "deploy"]
    assert "token" not in listed
    assert api.tokens.revoke(listed["token_id"])["revoked_at"]
    with pytest.raises(Unauthorized):
        deploy.read_status()


def test_the_audit_is_narrowed(api: Client) -> None:
    api.projects.register("shop")
    (record,) = api.audit.iterate(noun="project")
    assert (record["action"], record["subject"], record["door"]) == ("register", "shop", "api")
    assert len(list(api.audit.iterate(limit=1))) == 1


def test_an_account_may_do_what_it_was_granted(api: Client) -> None:
    api.projects.register("shop")
    api.accounts.register("mia", kind="person", description="On call")
    assert api.accounts.grant("mia", "operator")["roles"]
    assert len(api.accounts.grant("mia", "approver", project="shop")["roles"]) == 2
    mia = Client(api.url, api.tokens.create("mia-1", scope="operator", account="mia")["token"])
    assert mia.read_own_account()["account"] == "mia"
    with pytest.raises(Forbidden):
        mia.accounts.register("other")
    assert len(api.accounts.revoke("mia", "approver", project="shop")["roles"]) == 1
    assert api.accounts.disable("mia", reason="away")["disabled_at"]
    with pytest.raises(Unauthorized):
        mia.read_own_account()
    assert api.accounts.enable("mia")["disabled_at"] is None
