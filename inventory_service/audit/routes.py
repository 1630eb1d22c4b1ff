# SPDX-License-Identifier: Apache-2.0
"""Routes of the audit log and of the changes after a revision."""

from datetime import datetime
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from inventory_service.audit.usecases import Outcome, RecordFilter, list_changes, list_records
from inventory_service.core.actors import Channel, Role
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.errors import Gone
from inventory_service.core.field_types import Label, Line, Moment
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.pagination import ListQuery, ListSpec, PageQuery, page_of
from inventory_service.http.problems import raises
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "audit",
    __name__,
    url_prefix="/api/v1/audit",
    abp_tags=[Tag(name="audit")],
    abp_security=SECURITY,
)
change_routes = APIBlueprint(
    "changes",
    __name__,
    url_prefix="/api/v1/changes",
    abp_tags=[Tag(name="changes")],
    abp_security=SECURITY,
)


class AuditOut(BaseModel):
    """One change of the fleet, or one denied request."""

    id: int
    at: datetime
    actor: str = Field(description="the account")
    token: str | None = Field(description="by which it acted: a token, or a schedule")
    door: str
    action: str
    noun: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    revision: int


class ChangeOut(BaseModel):
    """One change; fetch the resource for its current state."""

    revision: int
    at: datetime
    action: str
    noun: str
    subject: str


class ChangePage(BaseModel):
    """A page of changes."""

    items: list[ChangeOut]
    next_cursor: str | None


RECORDS = ListSpec(
    AuditRecord, AuditOut, tiebreakers=("id",), sortable=("at", "id"), sort="-at,-id"
)


class AuditQuery(ListQuery):
    """The page, order, fields and filters of the list of records."""

    sort: str = RECORDS.sort_field()
    fields: str = RECORDS.fields_field()

    actor: Line | None = Field(default=None, description="the account that acted")
    door: Channel | None = None
    action: Label | None = Field(default=None, description="such as register, change or refuse")
    noun: Label | None = Field(
        default=None, description="the kind of resource; request for denied requests"
    )
    subject: Line | None = Field(default=None, description="the name of the resource")
    outcome: Outcome | None = None
    since: Moment | None = Field(default=None, description="from this time on")
    until: Moment | None = Field(default=None, description="before this time")


@routes.get("", summary="List audit records", responses={200: page_of(AuditOut)})
@require_role(Role.ADMIN)
def list_audit(query: AuditQuery) -> Response:
    """Who changed what, when and through which channel, and which requests were denied.

    Newest first by default.
    """
    wanted = RecordFilter(**query.model_dump(exclude=set(ListQuery.model_fields)))
    with reading() as session:
        records = list_records(session, RECORDS.read(query), wanted)
        return RECORDS.answer(query, records, lambda entry: entry.as_dict())


CHANGES = ListSpec(AuditRecord, ChangeOut, tiebreakers=("revision", "id"))


class ChangeQuery(PageQuery):
    """The page of changes, and the revision after which they start."""

    since: int = Field(
        default=0, ge=0, le=2**31 - 1, description="the last revision that the client has seen"
    )


@change_routes.get("", summary="What changed after a revision", responses={200: ChangePage})
@require_role(Role.VIEWER)
@raises(Gone)
def get_changes(query: ChangeQuery) -> Response:
    """Oldest first; a client with a copy of the fleet passes the last revision that it has seen.

    410: the changes since then are not kept any more; read the whole fleet again.
    """
    with reading() as session:
        entries = list_changes(session, CHANGES.read(query), since=query.since)
        return CHANGES.answer(query, entries, _show)


def _show(entry: AuditRecord) -> dict[str, Any]:
    """Return the fields of a record that a viewer may see: neither actor nor reason."""
    return {name: getattr(entry, name) for name in ChangeOut.model_fields}
