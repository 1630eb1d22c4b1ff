# SPDX-License-Identifier: Apache-2.0
"""Nodes over HTTP: list, register and change them, and move them from state to state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from inventory_service.client.catalog import Record, drop_none
from inventory_service.client.errors import Target
from inventory_service.client.transport import Transport, path_of

_PATH = "/api/v1/nodes"


class Nodes:
    """The machines of the fleet."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def iterate(  # noqa: PLR0913 - the filters of the API
        self,
        *,
        project: Sequence[str] = (),
        environment: Sequence[str] = (),
        cluster: Sequence[str] = (),
        region: Sequence[str] = (),
        node_type: Sequence[str] = (),
        state: Sequence[str] = (),
        sort: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Yield the nodes that fit, page after page; without a state all but the retired ones."""
        query: dict[str, Any] = {
            "project": project,
            "environment": environment,
            "cluster": cluster,
            "region": region,
            "node_type": node_type,
            "state": state,
            "sort": sort,
            "fields": fields,
        }
        return self._transport.items(_PATH, Target("node"), query, limit=limit)

    def get(self, node_id: str) -> Record:
        """Return one node.

        :raises NotFound: there was never one of that name.
        """
        found: Record = self._transport.get(_path(node_id), _target(node_id))
        return found

    def get_with_etag(self, node_id: str) -> tuple[Record, str | None]:
        """Return one node and its ETag, for a change that must not race.

        :raises NotFound: there was never one of that name.
        """
        return self._transport.get_with_etag(_path(node_id), _target(node_id))

    def register(
        self, node_id: str, *, node_type: str, cluster_id: str, **fields: object
    ) -> Record:
        """Register a node, which is planned then, and return it.

        :raises Conflict: its name, an address or its key is taken.
        :raises BadInput: a field is unknown or invalid.
        """
        body = {"node_id": node_id, "node_type": node_type, "cluster_id": cluster_id, **fields}
        made: Record = self._transport.post(_PATH, _target(node_id), body)
        return made

    def register_many(self, nodes: Iterable[Mapping[str, Any]], **fields: object) -> Record:
        """Register up to 10,000 nodes, all of them or none, and return what was recorded."""
        body = {"nodes": list(nodes), **fields}
        made: Record = self._transport.post("/api/v1/registrations", Target("node"), body)
        return made

    def change(self, node_id: str, *, etag: str | None = None, **fields: object) -> Record:
        """Set the fields that are named, and return the node; None clears a field.

        :raises PreconditionFailed: it is not the one of the ETag any more.
        """
        changed: Record = self._transport.patch(_path(node_id), _target(node_id), fields, etag=etag)
        return changed

    def move(self, node_id: str, state: str, *, reason: str | None = None) -> Record:
        """Move a node to another state, and return the transition.

        :raises Conflict: it can't go there from where it is.
        """
        return self._act(node_id, {"state": state, "reason": reason}, "transitions")

    def retire(self, node_id: str, *, reason: str) -> Record:
        """Retire a node, and return the transition."""
        return self.move(node_id, "retired", reason=reason)

    def restore(self, node_id: str, *, reason: str | None = None) -> Record:
        """Return a retired node, which is live again.

        :raises Conflict: it is not retired, or another node has what it needs.
        """
        return self._act(node_id, drop_none(reason=reason), "restoration")

    def read_transitions(self, node_id: str) -> Sequence[Record]:
        """Return the transitions of a node: who, when, from where to where, why."""
        path = _path(node_id, "transitions")
        items: Sequence[Record] = self._transport.get(path, _target(node_id))["items"]
        return items

    def _act(self, node_id: str, body: Mapping[str, object], verb: str) -> Record:
        done: Record = self._transport.post(_path(node_id, verb), _target(node_id), body)
        return done


def _path(node_id: str, *rest: str) -> str:
    return path_of("nodes", _target(node_id), *rest)


def _target(node_id: str) -> Target:
    return Target("node", node_id)
