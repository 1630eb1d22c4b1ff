# SPDX-License-Identifier: Apache-2.0
"""Scrape targets for Prometheus, in the format of its http_sd."""

import ipaddress
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.errors import BadInput, FieldError, NotFound
from inventory_service.fleet import queries
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.queries import read_placement
from inventory_service.inventory.domain import COLUMNS
from inventory_service.inventory.queries import list_inventory_rows
from inventory_service.inventory.usecases.documents import narrow_to_service

#: The port of Prometheus' own exporter for machines.
NODE_EXPORTER = 9100
_LABELS = ("node_id", "node_type", "cluster_id", "region", "env", "project", "state")


def list_targets(
    session: Session,
    filters: queries.Filters,
    *,
    job: str | None,
    port: int | None,
    address: str | None,
) -> list[dict[str, Any]]:
    """Return the targets of a job's services, else one port of every node, by default 9100.

    Each is ``{"targets": ["ip:port"], "labels": {…}}``. ``address`` names the column that is
    scraped, and only nodes that have it are targets; None is the internal address, or the external
    one of a node without. A missing label is an empty one to Prometheus
    (https://prometheus.io/docs/prometheus/latest/http_sd/).

    :raises BadInput: both a job and a port are given.
    :raises NotFound: no service was ever scraped under that job.
    """
    if job is None:
        return _list_node_targets(session, filters, port or NODE_EXPORTER, address)
    if port is not None:
        raise BadInput(
            "The services of a job have ports of their own. Leave out the job or the port.",
            field_errors=[FieldError("port", "does not go with a job")],
        )
    return _list_job_targets(session, job, filters, address)


def _list_node_targets(
    session: Session, filters: queries.Filters, port: int, address: str | None
) -> list[dict[str, Any]]:
    return [
        _make_target(found, port, _label(node))
        for node, found in _list_nodes(session, filters, address)
    ]


def _list_job_targets(
    session: Session, job: str, filters: queries.Filters, address: str | None
) -> list[dict[str, Any]]:
    """Return one entry for each service of a scrape job on each of its nodes.

    Path and scheme are labels that Prometheus itself reads, so that no relabelling is needed to
    scrape services of one job in different ways. A job whose last service is retired has no
    targets.
    """
    placement = read_placement(session, job=job)
    if placement.is_empty and not _was_ever(session, job):
        raise NotFound(
            f"No service is scraped under the job '{job}'. `qm service list` shows the jobs there "
            "are; `qm service set NAME --scrape-job` names one."
        )
    targets = []
    for node, found in _list_nodes(session, filters, address):
        for service in placement.find(
            node["node_id"], node["project"], node["env"], node["node_type"]
        ):
            labels = _label(node) | {
                "__meta_quartermaster_service": service.service,
                "__metrics_path__": service.metrics_path,
                "__scheme__": service.protocol,
            }
            targets.append(_make_target(found, service.port, labels))
    return targets


def _list_nodes(
    session: Session, filters: queries.Filters, address: str | None
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each node with the address to scrape, sorted by name."""
    rows = list_inventory_rows(session, narrow_to_service(filters))
    for row in sorted(rows, key=itemgetter(0)):
        node = dict(zip(COLUMNS, row, strict=True))
        found = node[address] if address else node["internal_ip"] or node["external_ip"]
        if found is not None:
            yield node, found


def _make_target(address: str, port: int, labels: dict[str, str]) -> dict[str, Any]:
    is_v6 = ipaddress.ip_address(address).version == 6  # noqa: PLR2004 - the protocol's number
    host = f"[{address}]" if is_v6 else address
    return {"targets": [f"{host}:{port}"], "labels": labels}


def _label(node: dict[str, Any]) -> dict[str, str]:
    return {
        f"__meta_quartermaster_{name}": node[name] for name in _LABELS if node[name] is not None
    }


def _was_ever(session: Session, job: str) -> bool:
    query = select(Service.service).where(Service.scrape_job == job).limit(1)
    return session.scalars(query).first() is not None
