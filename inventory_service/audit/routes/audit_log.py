# SPDX-License-Identifier: Apache-2.0
"""The route that shows who did what."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.audit.usecases import Outcome, RecordFilter, list_records
from inventory_service.core.actors import Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.field_types import Label, Line, Moment
from inventory_service.fleet.routes.schemas import AuditOut, page_of
from inventory_service.http.auth import SECURITY, require_scope
from inventory_service.http.pagination import ListQuery, ListSpec
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "audit",
    __name__,
    url_prefix="/api/v1/audit",
    abp_tags=[Tag(name="audit")],
    abp_security=SECURITY,
)


LISTING = ListSpec(AuditRecord, AuditOut, unique=("id",), sortable=("at", "id"), sort="-at,-id")


class AuditQuery(ListQuery):
    """Which records, in which order, and what of them."""

    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()

    actor: Line | None = Field(default=None, description="the name of the token that was used")
    door: Channel | None = None
    action: Label | None = Field(default=None, description="such as register, change or refuse")
    noun: Label | None = Field(default=None, description="the kind of thing; request for refusals")
    subject: Line | None = Field(default=None, description="the name of the thing")
    outcome: Outcome | None = None
    since: Moment | None = Field(default=None, description="from this time on")
    until: Moment | None = Field(default=None, description="before this time")


@routes.get("", summary="List audit records", responses={200: page_of(AuditOut)})
@require_scope(Scope.ADMIN)
def list_audit(query: AuditQuery) -> Response:
    """Who did what, when, through which door, and who was refused what.

    Newest first if nothing else is asked for.
    """
    wanted = RecordFilter(**query.model_dump(exclude=set(ListQuery.model_fields)))
    with reading() as session:
        records = list_records(session, LISTING.read(query), wanted)
        return LISTING.answer(query, records, lambda entry: entry.as_dict())
