# SPDX-License-Identifier: Apache-2.0
"""What Prometheus is to scrape, as its http_sd takes it."""

import ipaddress
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.domain.inventory import COLUMNS
from inventory_service.storage.queries import nodes as queries
from inventory_service.usecases.inventory import narrow_to_service

_LABELS = ("node_id", "node_type", "cluster_id", "region", "env", "project", "state")


def list_targets(
    session: Session, filters: queries.Filters, *, port: int, address: str
) -> list[dict[str, Any]]:
    """Return one entry a node that has the address: ``{"targets": ["ip:port"], "labels": {…}}``.

    ``address`` names the column that is scraped. A missing label is an empty one to Prometheus
    (https://prometheus.io/docs/prometheus/latest/http_sd/).
    """
    targets = []
    for row in queries.list_inventory_rows(session, narrow_to_service(filters)):
        node = dict(zip(COLUMNS, row, strict=True))
        if node[address] is None:
            continue
        targets.append(
            {
                "targets": [_join(node[address], port)],
                "labels": {
                    f"__meta_quartermaster_{name}": node[name]
                    for name in _LABELS
                    if node[name] is not None
                },
            }
        )
    return targets


def _join(address: str, port: int) -> str:
    is_v6 = ipaddress.ip_address(address).version == 6  # noqa: PLR2004 - the protocol's number
    return f"[{address}]:{port}" if is_v6 else f"{address}:{port}"
