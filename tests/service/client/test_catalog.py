# SPDX-License-Identifier: Apache-2.0
"""Catalog entries are registered, read, changed and retired through the client."""

import pytest

from inventory_service.client import Client, Conflict, NotFound, PreconditionFailed, transport
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


def test_an_entry_has_its_whole_life(api: Client) -> None:
    made = api.projects.register("shop", description="Läden", reason="a test")
    assert (made["project"], made["description"]) == ("shop", "Läden")
    assert api.projects.change("shop", description=None)["description"] is None
    present, etag = api.projects.get_with_etag("shop")
    assert present == api.projects.get("shop")
    api.projects.change("shop", description="new", etag=etag)
    with pytest.raises(PreconditionFailed):
        api.projects.change("shop", description="newer", etag=etag)
    assert api.projects.retire("shop", reason="over")["retired_at"]
    with pytest.raises(Conflict, match="is retired"):
        api.projects.change("shop", description="x")
    with pytest.raises(NotFound, match="project nobody: There is no project 'nobody'"):
        api.projects.get("nobody")


def test_a_cluster_is_known_by_its_id(api: Client) -> None:
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    assert api.clusters.get("main")["cluster_id"] == "main"


def test_all_entries_are_read_page_after_page(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PAGE_SIZE", 2)
    names = ["prod", "staging", "test", "uat"]
    assert [one["environment"] for one in api.environments.iterate()] == names
    backwards = api.environments.iterate(sort="-environment", fields="environment", limit=3)
    assert list(backwards) == [{"environment": name} for name in ("uat", "test", "staging")]
