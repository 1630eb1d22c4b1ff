# SPDX-License-Identifier: Apache-2.0
"""Catalog entries over HTTP: what is registered under a name, changed, and retired."""

from collections.abc import Iterator, Mapping
from typing import Any

from inventory_service.client.errors import Target
from inventory_service.client.transport import Transport, path_of

Record = dict[str, Any]


class Catalog:
    """The entries of one kind: clusters, projects, templates, …."""

    #: Where the name is not the field of the noun.
    _KEYS: Mapping[str, str] = {"cluster": "cluster_id"}

    def __init__(self, transport: Transport, noun: str) -> None:
        self._transport = transport
        self.noun = noun
        self.collection = f"{noun}s"
        #: The field that holds the name.
        self.key = self._KEYS.get(noun, noun)

    def iterate(
        self, *, sort: str | None = None, fields: str | None = None, limit: int | None = None
    ) -> Iterator[Record]:
        """Yield the entries, retired ones too, page after page."""
        query = {"sort": sort, "fields": fields}
        path = f"/api/v1/{self.collection}"
        return self._transport.items(path, Target(self.noun), query, limit=limit)

    def get(self, name: str) -> Record:
        """Return one entry.

        :raises NotFound: there was never one of that name.
        """
        found: Record = self._transport.get(self._path(name), self._target(name))
        return found

    def get_with_etag(self, name: str) -> tuple[Record, str | None]:
        """Return one entry and its ETag, for a change that must not race.

        :raises NotFound: there was never one of that name.
        """
        return self._transport.get_with_etag(self._path(name), self._target(name))

    def register(self, name: str, **fields: object) -> Record:
        """Register an entry and return it; `reason` among the fields is for the audit record.

        :raises Conflict: the name is taken.
        :raises BadInput: a field is unknown or invalid.
        """
        body = {self.key: name, **fields}
        path = f"/api/v1/{self.collection}"
        made: Record = self._transport.post(path, self._target(name), body)
        return made

    def change(self, name: str, *, etag: str | None = None, **fields: object) -> Record:
        """Set the fields that are named, and return the entry; None clears a field.

        :raises PreconditionFailed: it is not the one of the ETag any more.
        :raises Conflict: it is retired.
        """
        path = self._path(name)
        changed: Record = self._transport.patch(path, self._target(name), fields, etag=etag)
        return changed

    def retire(self, name: str, *, reason: str) -> Record:
        """Retire an entry and return it; its name is not given again.

        :raises Conflict: it is retired already, or something live belongs to it.
        """
        return self._act(name, {"reason": reason}, "retirement")

    def _act(self, name: str, body: Mapping[str, object], *verb: str) -> Record:
        path = path_of(self.collection, self._target(name), *verb)
        done: Record = self._transport.post(path, self._target(name), body)
        return done

    def _path(self, name: str) -> str:
        return path_of(self.collection, self._target(name))

    def _target(self, name: str) -> Target:
        return Target(self.noun, name)


def drop_none(**fields: object) -> Record:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
