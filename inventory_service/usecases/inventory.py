# SPDX-License-Identifier: Apache-2.0
"""The inventory as bytes, made once a revision and then given from memory."""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy.orm import Session

from inventory_service.domain import inventory as documents
from inventory_service.domain.nodes import IN_SERVICE, LIVE
from inventory_service.storage.models import get_revision
from inventory_service.storage.queries import nodes as queries

#: How many combinations of form and filters are kept.
_MOST_DOCUMENTS = 32


class Encoder(Protocol):
    """How a document becomes bytes of JSON."""

    def __call__(self, document: Any, /) -> bytes:  # noqa: ANN401 - any JSON document
        """Return the document as bytes."""


@dataclass
class Document:
    """An answer in bytes, for one revision of the fleet."""

    revision: int
    body: bytes

    @cached_property
    def etag(self) -> str:
        """Return a strong validator.

        The hash of the content stands beside the revision, since a restored database counts on
        from an older one.
        """
        return f"r{self.revision}-{hashlib.blake2b(self.body, digest_size=12).hexdigest()}"

    @cached_property
    def zipped(self) -> bytes:
        """Return the body as gzip; made once, at a level where speed and size meet."""
        return gzip.compress(self.body, compresslevel=5, mtime=0)


class InventoryDocuments:
    """The documents of the newest revision that was asked for, by form and filters."""

    def __init__(self, encode: Encoder) -> None:
        self._encode = encode
        self._kept: OrderedDict[object, Document] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: Session, form: str, filters: queries.Filters) -> Document:
        """Return the fleet in one form: 'ansible', 'columns' or 'first'."""
        revision = get_revision(session)
        narrowed = narrow_to_service(filters)
        key = (form, tuple(sorted((name, tuple(values)) for name, values in narrowed.items())))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept.revision == revision:
                self._kept.move_to_end(key)
                return kept
        rows = queries.list_inventory_rows(session, narrowed)
        document = Document(revision, self._encode(_FORMS[form](rows, revision)))
        with self._lock:
            self._kept[key] = document
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_DOCUMENTS:
                self._kept.popitem(last=False)
        return document


def list_known_hosts(session: Session) -> str:
    """Return an OpenSSH known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    return "".join(
        f"{','.join(names)} {key}\n"
        for names, keys in queries.list_known_hosts(session)
        for key in keys
    )


def narrow_to_service(filters: queries.Filters) -> dict[str, list[str]]:
    """Return the filters with the states that are meant where none is named: those in service."""
    narrowed = {name: sorted(set(values)) for name, values in filters.items() if values}
    states = narrowed.get("state") or [state.value for state in IN_SERVICE]
    if "any" in states:
        states = [state.value for state in LIVE]
    return narrowed | {"state": states}


_FORMS: dict[str, Callable[[list[list[Any]], int], Any]] = {
    "ansible": lambda rows, _revision: documents.make_ansible_document(rows),
    "columns": lambda rows, revision: documents.make_columns_document(rows, revision=revision),
    "first": lambda rows, _revision: documents.make_first_document(rows),
}
