# SPDX-License-Identifier: Apache-2.0
"""Tokens are created, listed and revoked, and the audit read, through the client."""

import pytest

from inventory_service.client import Client, NotAuthenticated
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


def test_a_token_is_shown_once_and_ends_with_its_revocation(api: Client) -> None:
    made = api.tokens.create("deploy", scope="viewer", expires_at="2999-01-01T00:00:00Z")
    deploy = Client(api.url, made["token"])
    assert deploy.read_status()
    (listed,) = [one for one in api.tokens.iterate() if one["name"] == "deploy"]
    assert "token" not in listed
    assert api.tokens.revoke(listed["token_id"])["revoked_at"]
    with pytest.raises(NotAuthenticated):
        deploy.read_status()


def test_the_audit_is_narrowed(api: Client) -> None:
    api.projects.register("shop")
    (record,) = api.audit.iterate(noun="project")
    assert (record["action"], record["subject"], record["door"]) == ("register", "shop", "api")
    assert len(list(api.audit.iterate(limit=1))) == 1
