# SPDX-License-Identifier: Apache-2.0
"""The fleet's own metrics: nodes by state, revision, pending resizes, size of the audit log."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inventory_service.core.database.engine import Database
from inventory_service.core.retention import count_stored
from inventory_service.fleet.queries import get_status


class FleetCollector(Collector):
    """The fleet as it is at the moment of the scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Return nothing: the fleet is read only when it is scraped."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the fleet's counts."""
        with self._database.reading() as session:
            status, stored = get_status(session), count_stored(session)
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
            "quartermaster_audit_records", "Audit records in the database.", stored.records
        )
        if stored.oldest is not None:
            yield GaugeMetricFamily(
                "quartermaster_audit_oldest_timestamp_seconds",
                "When the oldest audit record was made; older than the retention: run `qm prune`.",
                stored.oldest.timestamp(),
            )
        yield GaugeMetricFamily(
            "quartermaster_kept_answers", "Answers stored under an Idempotency-Key.", stored.answers
        )
