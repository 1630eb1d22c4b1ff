# SPDX-License-Identifier: Apache-2.0
"""The service's own metrics for Prometheus."""

import time

from flask import Response, g, request
from flask_openapi3 import OpenAPI
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from inventory_service.core.actors import Role
from inventory_service.http.auth import require_role
from inventory_service.http.dependencies import get_component


def add_route(app: OpenAPI) -> None:
    """Add the route that shows the metrics."""

    @app.route("/metrics")
    @require_role(Role.VIEWER, anonymous=True)
    def _metrics() -> Response:
        text = generate_latest(get_component(CollectorRegistry))
        return Response(text, content_type=CONTENT_TYPE_LATEST)


def init_app(app: OpenAPI, registry: CollectorRegistry) -> None:
    """Count and time each request in the registry that /metrics shows."""
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
