# SPDX-License-Identifier: Apache-2.0
"""The route that shows who did what."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import PageQuery, answer_page, read_cursor
from inventory_service.api.parts import get_database
from inventory_service.api.views import AuditPage
from inventory_service.domain.actors import Scope
from inventory_service.domain.words import Label, Line
from inventory_service.usecases.audit import list_records

routes = APIBlueprint(
    "audit",
    __name__,
    url_prefix="/api/v1/audit",
    abp_tags=[Tag(name="audit")],
    abp_security=SECURITY,
)


class AuditQuery(PageQuery):
    """Which records."""

    noun: Label | None = None
    subject: Line | None = None


@routes.get("", summary="List audit records", responses={200: AuditPage})
@needs(Scope.ADMIN)
def list_audit(query: AuditQuery) -> Response:
    """Who did what, when, through which door; newest first."""
    after = read_cursor(query, int)
    with get_database().reading() as session:
        records = list_records(
            session,
            noun=query.noun,
            subject=query.subject,
            before=after[0] if after else None,
            limit=query.limit + 1,
        )
        return answer_page(records, query.limit, lambda entry: (entry.id,))
