# SPDX-License-Identifier: Apache-2.0
"""The inventory as bytes from memory; after a change, only what has changed is encoded anew."""

import functools
import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy.orm import Session

from inventory_service.fleet import queries
from inventory_service.fleet.domain.nodes import IN_SERVICE, LIVE
from inventory_service.inventory.chunks import Host, HostChunk, make_chunks, update_chunks
from inventory_service.inventory.documents import Document, DocumentSpec, HostFilter, make_document
from inventory_service.inventory.domain import COLUMNS, Row, list_groups, name_filter_groups
from inventory_service.inventory.formats import (
    AnsibleFormat,
    ColumnsFormat,
    Encode,
    InventoryFormat,
    LegacyFormat,
)
from inventory_service.inventory.queries import (
    Version,
    get_version,
    is_same_history,
    list_inventory_rows,
)

_LIVE = [state.value for state in LIVE]
_STATE = COLUMNS.index("state")
#: How many combinations of format and filters are cached.
_MOST_DOCUMENTS = 32


@dataclass(frozen=True)
class _Copy:
    """All live nodes as they were at one version of the fleet, in the formats that are in use."""

    version: Version
    formats: tuple[InventoryFormat, ...]
    chunks: list[HostChunk]


class InventoryDocuments:
    """The documents of the newest version that was asked for, by format and filters.

    They are made from a copy of the fleet. When the fleet has changed, only what has changed since
    is read and encoded anew.
    """

    def __init__(self, encode: Encode) -> None:
        self._formats: dict[str, InventoryFormat] = {
            "ansible": AnsibleFormat(encode),
            "columns": ColumnsFormat(encode),
            "first": LegacyFormat(encode),
        }
        self._copy: _Copy | None = None
        self._kept: OrderedDict[tuple[str, object], tuple[Version, Document]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: Session, format_: str, filters: queries.Filters) -> Document:
        """Return the fleet in one format: 'ansible', 'columns' or 'first'.

        ``session`` should have read nothing yet. So versions come in the order of the lock, and one
        that is older than the cached one can only be that of a restored database.
        """
        narrowed = narrow_to_service(filters)
        key = format_, tuple(sorted((name, tuple(values)) for name, values in narrowed.items()))
        with self._lock:
            version = get_version(session)
            known, document = self._kept.get(key, (None, None))
            if document is None or known != version:
                document = self._make(session, version, self._formats[format_], key, narrowed)
                self._kept[key] = version, document
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_DOCUMENTS:
                self._kept.popitem(last=False)
            return document

    def _make(
        self,
        session: Session,
        version: Version,
        format_: InventoryFormat,
        key: tuple[str, object],
        filters: queries.Filters,
    ) -> Document:
        copy = self._copy
        formats = copy.formats if copy else ()
        if (
            copy is None
            or format_ not in formats
            or not is_same_history(session, copy.version, version)
        ):
            # The cache is emptied first, so that a large fleet is never in memory twice.
            self._copy = copy = None
            self._kept.clear()
            copy = _read_all(
                session, version, formats if format_ in formats else (*formats, format_)
            )
        elif copy.version != version:
            copy = _read_changes(session, version, copy)
        self._copy = copy
        _, last = self._kept.get(key, (None, None))
        spec = DocumentSpec(format_, copy.formats.index(format_), _make_filter(filters))
        return make_document(spec, version.revision, copy.chunks, last)


def _read_all(session: Session, version: Version, formats: tuple[InventoryFormat, ...]) -> _Copy:
    rows = list_inventory_rows(session, {"state": _LIVE})
    return _Copy(version, formats, make_chunks(_make_host(formats, row) for row in rows))


def _read_changes(session: Session, version: Version, copy: _Copy) -> _Copy:
    changes: dict[str, Host | None] = {}
    for row in list_inventory_rows(session, {}, since=copy.version.revision):
        changes[row[0]] = _make_host(copy.formats, row) if row[_STATE] in _LIVE else None
    return _Copy(version, copy.formats, update_chunks(copy.chunks, changes))


def _make_host(formats: tuple[InventoryFormat, ...], row: Row) -> Host:
    return Host(row[0], list_groups(row), tuple(format_.encode_host(row) for format_ in formats))


def _make_filter(filters: queries.Filters) -> HostFilter:
    wanted = name_filter_groups(filters)
    return functools.cache(lambda groups: all(names.intersection(groups) for names in wanted))


def list_known_hosts(session: Session) -> str:
    """Return an OpenSSH known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    return "".join(
        f"{','.join(names)} {key}\n"
        for names, keys in queries.list_known_hosts(session)
        for key in keys
    )


def narrow_to_service(filters: queries.Filters) -> dict[str, list[str]]:
    """Return the filters with states where none is named: those in service."""
    narrowed = {name: sorted(set(values)) for name, values in filters.items() if values}
    states = narrowed.get("state") or [state.value for state in IN_SERVICE]
    if "any" in states:
        states = [state.value for state in LIVE]
    return narrowed | {"state": states}
