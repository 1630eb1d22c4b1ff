# SPDX-License-Identifier: Apache-2.0
"""The service's own metrics, as Prometheus reads them."""

import time
from collections.abc import Iterator

from flask import Response, g, request
from flask_openapi3 import OpenAPI
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from inventory_service.core.actors import Scope
from inventory_service.core.retention import count_stored
from inventory_service.fleet.usecases.status import get_status
from inventory_service.http.auth import require_scope
from inventory_service.http.dependencies import get_database


class _FleetCollector(Collector):
    """The fleet as it is at the moment of the scrape."""

    def describe(self) -> list[Metric]:
        """Return nothing: the fleet is read only when it is scraped."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the fleet's counts."""
        with get_database().reading() as session:
            status, kept = get_status(session), count_stored(session)
        nodes = GaugeMetricFamily("quartermaster_nodes", "Nodes by state.", labels=["state"])
        for state, count in status["nodes"].items():
            nodes.add_metric([state], count)
        yield nodes
        yield GaugeMetricFamily(
            "quartermaster_fleet_revision", "How often the fleet has changed.", status["revision"]
        )
        yield GaugeMetricFamily(
            "quartermaster_pending_resizes",
            "Nodes whose size is not the wanted one.",
            status["pending_resizes"],
        )
        yield GaugeMetricFamily(
            "quartermaster_audit_records", "Audit records that are kept.", kept.records
        )
        if kept.oldest is not None:
            yield GaugeMetricFamily(
                "quartermaster_audit_oldest_timestamp_seconds",
                "When the oldest audit record was made; older than the retention: run `qm prune`.",
                kept.oldest.timestamp(),
            )
        yield GaugeMetricFamily(
            "quartermaster_kept_answers", "Answers kept under an Idempotency-Key.", kept.answers
        )


def init_app(app: OpenAPI) -> CollectorRegistry:
    """Count and time each request; show these counts, and what others add to them, at /metrics."""
    registry = CollectorRegistry()
    registry.register(_FleetCollector())
    requests = Counter(
        "quartermaster_http_requests",
        "Requests by route, method and status.",
        ["route", "method", "status"],
        registry=registry,
    )
    seconds = Histogram(
        "quartermaster_http_request_seconds",
        "Time to answer, by route.",
        ["route"],
        registry=registry,
    )

    @app.after_request
    def _count(response: Response) -> Response:
        # The rule, not the path: a label for each path that strangers invent would fill memory.
        route = request.url_rule.rule if request.url_rule else "none"
        requests.labels(route, request.method, response.status_code).inc()
        seconds.labels(route).observe(time.perf_counter() - g.started)
        return response

    @app.route("/metrics")
    @require_scope(Scope.VIEWER, anonymous=True)
    def _metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return registry
