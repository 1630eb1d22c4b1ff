# SPDX-License-Identifier: Apache-2.0
"""The inventory over HTTP, in the forms that Ansible, SSH, Prometheus and scripts read."""

import codecs
from collections.abc import Mapping, Sequence
from typing import Any

from inventory_service.client.catalog import Record, drop_none
from inventory_service.client.errors import Target
from inventory_service.client.transport import Transport

_TARGET = Target("inventory", "of the fleet")
Filters = Mapping[str, Sequence[str]]


class Inventory:
    """The fleet as documents; filters are those of nodes, like `{"project": ["shop"]}`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def read_ansible(self, filters: Filters | None = None) -> Record:
        """Return Ansible's own document, `_meta.hostvars` included."""
        return self._read("/api/v1/inventory", filters)

    def read_columns(self, filters: Filters | None = None) -> Record:
        """Return the same fleet as rows and columns, with raw strings."""
        return self._read("/api/v1/inventory", {**(filters or {}), "format": ["columns"]})

    def read_nodes(self) -> Sequence[Record]:
        """Return the nodes in the shape of the first inventory script."""
        nodes: Sequence[Record] = self._read("/api/inventory", None)["nodes"]
        return nodes

    def merge_terraform(self, content: str, filters: Filters | None = None) -> Record:
        """Return the columns merged with a Terraform file; nothing is recorded."""
        body = {"terraform": content}
        merged: Record = self._transport.post("/api/v1/inventory", _TARGET, body, query=filters)
        return merged

    def read_known_hosts(self) -> str:
        """Return the fleet's SSH host keys, as a file for `UserKnownHostsFile`."""
        parts = self._transport.stream("/api/v1/ssh/known_hosts", _TARGET)
        return "".join(codecs.iterdecode(parts, "utf-8"))

    def read_prometheus_targets(
        self, *, job: str | None = None, port: int | None = None, address: str | None = None
    ) -> Sequence[Record]:
        """Return the targets for Prometheus' http_sd: of all nodes, or of the services of a job."""
        query: dict[str, Any] = drop_none(job=job, port=port, address=address)
        found: Sequence[Record] = self._transport.get("/api/v1/prometheus/targets", _TARGET, query)
        return found

    def _read(self, path: str, filters: Mapping[str, Any] | None) -> Record:
        found: Record = self._transport.get(path, _TARGET, filters)
        return found
