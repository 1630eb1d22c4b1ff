# SPDX-License-Identifier: Apache-2.0
"""Register, change, retire and read the entries of the catalog.

These are clusters, projects, environments and services. Where a kind has checks of its own, a
module of its name has them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.core.json_numbers import is_same
from inventory_service.core.labels import with_article
from inventory_service.core.pagination import Page
from inventory_service.core.preconditions import Expected, check_if_match
from inventory_service.fleet.domain.catalog import CatalogChange, RetirementRequest
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.queries import in_chunks

Entry = TypeVar("Entry", bound=CatalogEntry)


def check_unused(session: Session, kind: type[CatalogEntry], name: str) -> None:
    """Raise Conflict if the name is taken, be it by a retired entry."""
    if session.get(kind, name) is not None:
        noun = with_article(kind.NOUN)
        raise Conflict(f"There is {noun} '{name}' already. Change it, or choose another name.")


def register_entry(
    session: Session, actor: Actor, kind: type[Entry], wanted: CatalogChange, **computed: object
) -> Entry:
    """Register an entry; ``computed`` are fields whose values are not those of the request.

    :raises Conflict: the name is taken.
    """
    fields = wanted.model_dump(mode="json", include=set(kind.FIELDS)) | computed
    check_unused(session, kind, fields[kind.FIELDS[0]])
    entry = kind.register(session, actor, fields, wanted.reason)
    session.flush()
    return entry


def register_names(
    session: Session, actor: Actor, kind: type[CatalogEntry], names: Iterable[str]
) -> None:
    """Register entries that have only a name, of which none is taken (`find_missing`)."""
    for name in names:
        kind.register(session, actor, dict.fromkeys(kind.FIELDS) | {kind.FIELDS[0]: name}, None)
    session.flush()


def find_missing(session: Session, kind: type[CatalogEntry], names: Collection[str]) -> list[str]:
    """Return the names, in order, that no entry has or had."""
    column = getattr(kind, kind.FIELDS[0])
    known: set[str] = set()
    for chunk in in_chunks(names):
        known.update(session.scalars(select(column).where(column.in_(chunk))))
    return sorted(set(names) - known)


def change_entry(
    session: Session,
    actor: Actor,
    kind: type[Entry],
    name: str,
    change: CatalogChange,
    *,
    expected: Expected = None,
    **computed: object,
) -> Entry:
    """Set the fields that the change names; nothing is recorded if all have these values already.

    ``computed`` are fields whose values are not those of the request.


    :raises NotFound: there was never an entry of that name.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    entry = get_entry(session, kind, name)
    check_if_match(entry.label, entry.revision, expected)
    named = change.model_fields_set & set(kind.FIELDS)
    wanted = change.model_dump(mode="json", include=named) | computed
    if any(not is_same(getattr(entry, field), value) for field, value in wanted.items()):
        entry.change(wanted, actor, change.reason)
    return entry


def retire_entry(
    session: Session, actor: Actor, kind: type[Entry], name: str, request: RetirementRequest
) -> Entry:
    """Retire an entry; its name is not given again, nor a cluster's prefix or a service's port.

    :raises NotFound: there was never an entry of that name.
    :raises Conflict: it is retired already, or live nodes or services name it.
    """
    entry = get_entry(session, kind, name)
    if Node in kind.USED_BY:
        _check_no_nodes(session, entry)
    if Service in kind.USED_BY:
        _check_no_services(session, entry)
    entry.retire(actor, request.reason)
    return entry


def get_entry(session: Session, kind: type[Entry], name: str) -> Entry:
    """Return the entry of that name.

    :raises NotFound: there was never one.
    """
    entry = session.get(kind, name)
    if entry is None:
        raise NotFound(
            f"There is no {kind.NOUN} '{name[:64]}'. `qm {kind.NOUN} list` shows those that there "
            f"are; `qm {kind.NOUN} add` makes one."
        )
    return entry


def list_entries(session: Session, kind: type[Entry], page: Page) -> Sequence[Entry]:
    """Return a page of entries, retired ones too."""
    return read_page(session, kind, select(kind), page)


def _check_no_nodes(session: Session, entry: CatalogEntry) -> None:
    belongs = getattr(Node, entry.FIELDS[0]) == entry.name
    query = select(func.count()).where(belongs, Node.state != NodeState.RETIRED.value)
    count = session.execute(query).scalar_one()
    if count:
        raise Conflict(
            f"{entry.label} has {count} nodes. Retire them first: "
            f"`qm node list --{entry.NOUN} {entry.name}` shows them."
        )


def _check_no_services(session: Session, entry: CatalogEntry) -> None:
    belongs = getattr(Service, entry.FIELDS[0]) == entry.name
    query = select(Service.service).where(belongs, Service.retired_at.is_(None))
    names = session.scalars(query.order_by(Service.service)).all()
    if names:
        raise Conflict(
            f"{entry.label} has {len(names)} services: {', '.join(names[:5])}. Retire them first: "
            "`qm service retire` ends one."
        )
