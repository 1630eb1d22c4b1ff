# SPDX-License-Identifier: Apache-2.0
"""Acts that clusters, projects, environments and services share: register, change, retire, read."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import Conflict, NotFound
from inventory_service.core.labels import with_article
from inventory_service.core.pagination import Page
from inventory_service.core.preconditions import Expected, check_if_match
from inventory_service.fleet.domain.catalog import CatalogChange, RetirementRequest
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service

Thing = TypeVar("Thing", bound=CatalogEntry)


def check_unused(session: Session, kind: type[CatalogEntry], name: str) -> None:
    """Let a name pass that can be given.

    :raises Conflict: it is taken, be it by a retired thing.
    """
    if session.get(kind, name) is not None:
        noun = with_article(kind.NOUN)
        raise Conflict(f"There is {noun} '{name}' already. Change it, or choose another name.")


def register_entry(
    session: Session, actor: Actor, kind: type[Thing], said: dict[str, Any], **unsaid: object
) -> Thing:
    """Make a thing known; ``said`` may hold a reason, and ``unsaid`` is what only we know.

    :raises Conflict: the name is taken.
    """
    reason = said.pop("reason", None)
    name = said[kind.FIELDS[0]]
    check_unused(session, kind, name)
    entry = record(session, actor, "register", kind.NOUN, name, after=said, reason=reason)
    thing = kind(**said, **unsaid, created_at=entry.at, revision=entry.revision)
    session.add(thing)
    session.flush()
    return thing


def change_entry(
    session: Session,
    actor: Actor,
    thing: Thing,
    change: CatalogChange,
    *,
    expected: Expected = None,
) -> Thing:
    """Set what the change names; nothing is recorded if all is so already.

    :raises PreconditionFailed: the thing is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    check_if_match(f"{thing.NOUN.capitalize()} '{thing.name}'", thing.revision, expected)
    wanted = change.model_dump(mode="json", include=change.model_fields_set - {"reason"})
    before = {name: getattr(thing, name) for name in wanted}
    if wanted == before:
        return thing
    _check_live(thing)
    entry = record(
        session,
        actor,
        "change",
        thing.NOUN,
        thing.name,
        before=before,
        after=wanted,
        reason=change.reason,
    )
    for name, value in wanted.items():
        setattr(thing, name, value)
    thing.revision = entry.revision
    return thing


def retire_entry(session: Session, actor: Actor, thing: Thing, request: RetirementRequest) -> Thing:
    """End a thing.

    :raises Conflict: it is retired already.
    """
    _check_live(thing)
    entry = record(session, actor, "retire", thing.NOUN, thing.name, reason=request.reason)
    thing.retired_at, thing.revision = entry.at, entry.revision
    return thing


def check_no_nodes(session: Session, thing: CatalogEntry, belongs: ColumnElement[bool]) -> None:
    """Let a thing end that no live node belongs to.

    :raises Conflict: some do.
    """
    query = select(func.count()).where(belongs, Node.state != NodeState.RETIRED.value)
    count = session.execute(query).scalar_one()
    if count:
        raise Conflict(
            f"{thing.NOUN.capitalize()} '{thing.name}' has {count} nodes. Retire them first: "
            f"`qm node list --{thing.NOUN} {thing.name}` shows them."
        )


def check_no_services(session: Session, thing: CatalogEntry, belongs: ColumnElement[bool]) -> None:
    """Let a thing end that no live service belongs to.

    :raises Conflict: some do.
    """
    query = select(Service.service).where(belongs, Service.retired_at.is_(None))
    names = session.scalars(query.order_by(Service.service)).all()
    if names:
        raise Conflict(
            f"{thing.NOUN.capitalize()} '{thing.name}' has {len(names)} services: "
            f"{', '.join(names[:5])}. Retire them first: `qm service retire` ends one."
        )


def get_entry(session: Session, kind: type[Thing], name: str) -> Thing:
    """Return the thing of that name.

    :raises NotFound: there was never one.
    """
    thing = session.get(kind, name)
    if thing is None:
        raise NotFound(
            f"There is no {kind.NOUN} '{name[:64]}'. `qm {kind.NOUN} list` shows those that there "
            f"are; `qm {kind.NOUN} add` makes one."
        )
    return thing


def list_entries(session: Session, kind: type[Thing], page: Page) -> Sequence[Thing]:
    """Return a page of things, retired ones too."""
    return read_page(session, kind, select(kind), page)


def _check_live(thing: CatalogEntry) -> None:
    if thing.retired_at is not None:
        raise Conflict(
            f"{thing.NOUN.capitalize()} '{thing.name}' is retired and can't change any more."
        )
