# SPDX-License-Identifier: Apache-2.0
"""The route that shows who did what."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.lists import Listing, ListQuery
from inventory_service.api.parts import get_database
from inventory_service.api.views import AuditView, page_of
from inventory_service.domain.actors import Scope
from inventory_service.domain.words import Label, Line
from inventory_service.storage.models import AuditRecord
from inventory_service.usecases.audit import list_records

routes = APIBlueprint(
    "audit",
    __name__,
    url_prefix="/api/v1/audit",
    abp_tags=[Tag(name="audit")],
    abp_security=SECURITY,
)


LISTING = Listing(AuditRecord, AuditView, unique=("id",), sortable=("id",), sort="-id")


class AuditQuery(ListQuery):
    """Which records, in which order, and what of them."""

    sort: str = LISTING.sort_field()
    fields: str = LISTING.fields_field()

    noun: Label | None = None
    subject: Line | None = None


@routes.get("", summary="List audit records", responses={200: page_of(AuditView)})
@needs(Scope.ADMIN)
def list_audit(query: AuditQuery) -> Response:
    """Who did what, when, through which door; newest first if nothing else is asked for."""
    with get_database().reading() as session:
        records = list_records(session, LISTING.read(query), noun=query.noun, subject=query.subject)
        return LISTING.answer(query, records, lambda entry: entry.as_dict())
