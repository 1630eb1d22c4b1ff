# SPDX-License-Identifier: Apache-2.0
"""Runs for Prometheus: how many are in which state, how long the oldest waits, how they end."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inventory_service.core.database.engine import Database
from inventory_service.runs import queries
from inventory_service.runs.domain.states import ENDED, RunState


class RunCollector(Collector):
    """The runs as they are at the moment of the scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Return nothing: runs are read only when they are scraped."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the counts of runs."""
        with self._database.reading() as session:
            states = queries.count_by_state(session)
            ended = queries.count_ended(session)
            oldest = queries.find_oldest_waiting(session)
        runs = GaugeMetricFamily(
            "quartermaster_runs", "Runs that have not ended, by state.", labels=["state"]
        )
        for state in RunState:
            if state not in ENDED:
                runs.add_metric([state.value], states.get(state.value, 0))
        yield runs
        waits_s = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily(
            "quartermaster_runs_oldest_wait_seconds",
            "How long the oldest run has been waiting for a worker or a lock.",
            max(waits_s, 0),
        )
        total = CounterMetricFamily(
            "quartermaster_runs_ended", "Runs that have ended.", labels=["template", "state"]
        )
        for template, end, count in ended:
            total.add_metric([template, end], count)
        yield total
