# SPDX-License-Identifier: Apache-2.0
"""Requests are counted by route, and the fleet's own numbers are shown with them."""

import time

from tests.service.conftest import Caller


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


def test_metrics_show_how_much_is_kept_and_since_when(admin: Caller) -> None:
    admin.post("/api/v1/projects", {"project": "shop"}, headers={"Idempotency-Key": "7b1c"})
    lines = admin.call("GET", "/metrics", status=200).get_data(as_text=True).splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("quartermaster_"))
    assert values["quartermaster_audit_records"] == "4.0"
    assert values["quartermaster_kept_answers"] == "1.0"
    oldest = float(values["quartermaster_audit_oldest_timestamp_seconds"])
    assert abs(time.time() - oldest) < 60


def test_paths_that_strangers_invent_share_one_label(admin: Caller, stranger: Caller) -> None:
    for path in ("/wp-login.php", "/api/v1/secret"):
        stranger.get(path, status=404)
    text = admin.call("GET", "/metrics", status=200).get_data(as_text=True)
    assert 'requests_total{method="GET",route="none",status="404"} 2.0' in text
    assert "wp-login" not in text


def test_the_time_of_each_request_is_measured_by_its_route(admin: Caller) -> None:
    for _ in range(3):
        admin.get("/api/v1/nodes")
    text = admin.call("GET", "/metrics", status=200).get_data(as_text=True)
    assert 'request_seconds_count{route="/api/v1/nodes"} 3.0' in text
