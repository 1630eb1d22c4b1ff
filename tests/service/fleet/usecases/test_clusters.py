# SPDX-License-Identifier: Apache-2.0
"""No two meshes share an address, so that a route leads to one node only."""

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.usecases.catalog import retire_entry
from tests.service.fleet_rows import ACTOR, add_cluster


@pytest.mark.parametrize(
    ("prefix", "overlaps"),
    [
        ("10.90.0.0/24", True),
        ("10.90.0.128/25", True),
        ("10.90.0.0/16", True),
        ("10.90.1.0/24", False),
        ("10.89.255.0/24", False),
        ("fd00:90::/64", False),
    ],
)
def test_the_mesh_prefix_must_not_overlap_with_another(
    store: Database, prefix: str, *, overlaps: bool
) -> None:
    with store.writing() as session:
        add_cluster(session, "main", "10.90.0.0/24")
        if not overlaps:
            assert add_cluster(session, "other", prefix).mesh_prefix == prefix
            return
        with pytest.raises(Conflict, match="of cluster 'main'"):
            add_cluster(session, "other", prefix)


def test_the_prefix_of_a_retired_cluster_is_not_given_again(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session, "old", "10.90.0.0/24")
        retire_entry(session, ACTOR, Cluster, "old", RetirementRequest())
        with pytest.raises(Conflict, match="of cluster 'old'"):
            add_cluster(session, "new", "10.90.0.0/25")


def test_a_name_that_is_taken_is_reported_before_the_prefix(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session)
        with pytest.raises(Conflict, match="There is a cluster 'main' already"):
            add_cluster(session)
