# SPDX-License-Identifier: Apache-2.0
"""Health and metrics."""

import time

from inventory_service.core.database.schema import downgrade
from inventory_service.settings import Settings
from tests.service.conftest import Caller


def test_a_service_that_can_work_says_so(stranger: Caller, settings: Settings) -> None:
    assert stranger.get("/health/live") == {"status": "live"}
    ready = stranger.get("/health/ready")
    assert ready["status"] == "ready"
    assert settings.database_url.startswith(ready["database"])
    assert ready["schema"].isdigit()


def test_another_schema_is_not_ready_and_says_what_to_do(
    stranger: Caller, settings: Settings
) -> None:
    downgrade(settings.database_url, "base")
    assert "qm migrate" in stranger.get("/health/ready", status=503)["detail"]
    assert stranger.get("/health/live") == {"status": "live"}


def test_metrics_count_requests_by_route_and_nodes_by_state(
    admin: Caller, stranger: Caller
) -> None:
    admin.get("/api/v1/nodes/nobody", status=404)
    stranger.get("/api/v1/nodes", status=401)
    text = admin.call("GET", "/metrics", status=200).get_data(as_text=True)
    assert (
        'quartermaster_http_requests_total{method="GET",route="/api/v1/nodes/<node_id>",'
        'status="404"} 1.0' in text
    )
    assert 'route="/api/v1/nodes",status="401"} 1.0' in text
    assert 'quartermaster_nodes{state="active"} 0.0' in text


def test_metrics_tell_how_much_is_kept_and_since_when(admin: Caller) -> None:
    admin.post("/api/v1/projects", {"project": "shop"}, headers={"Idempotency-Key": "7b1c"})
    lines = admin.call("GET", "/metrics", status=200).get_data(as_text=True).splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if line.startswith("quartermaster_"))
    assert told["quartermaster_audit_records"] == "2.0"
    assert told["quartermaster_kept_answers"] == "1.0"
    oldest = float(told["quartermaster_audit_oldest_timestamp_seconds"])
    assert abs(time.time() - oldest) < 60
