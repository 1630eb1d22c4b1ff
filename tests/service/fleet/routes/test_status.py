# SPDX-License-Identifier: Apache-2.0
"""The status is the fleet in a few numbers, for everybody who may read."""

from inventory_service.http.openapi import get_version
from tests.service.conftest import Caller, make_node


def test_status(operator: Caller, viewer: Caller, cluster: str) -> None:
    make_node(operator, "web-1", cluster_id=cluster, state="failed")
    status = viewer.get("/api/v1/status")
    assert status["version"] == get_version()
    assert status["nodes"]["failed"] == 1
    assert sum(status["nodes"].values()) == 1
    assert status["pending_resizes"] == 0
    assert status["revision"] == operator.get("/api/v1/nodes/web-1")["revision"]


def test_strangers_learn_nothing(stranger: Caller) -> None:
    stranger.get("/api/v1/status", status=401)
