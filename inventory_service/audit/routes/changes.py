# SPDX-License-Identifier: Apache-2.0
"""The route that tells what changed after a revision."""

from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.audit.usecases import list_changes
from inventory_service.core.actors import Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.fleet.routes.schemas import ChangeOut, ChangePage
from inventory_service.http.auth import SECURITY, require_scope
from inventory_service.http.pagination import ListSpec, PageQuery
from inventory_service.http.transactions import reading

routes = APIBlueprint(
    "changes",
    __name__,
    url_prefix="/api/v1/changes",
    abp_tags=[Tag(name="changes")],
    abp_security=SECURITY,
)


LISTING = ListSpec(AuditRecord, ChangeOut, unique=("revision", "id"))


class ChangeQuery(PageQuery):
    """From where on."""

    since: int = Field(default=0, ge=0, le=2**31 - 1, description="a revision that was seen")


@routes.get("", summary="What changed after a revision", responses={200: ChangePage})
@require_scope(Scope.VIEWER)
def get_changes(query: ChangeQuery) -> Response:
    """Oldest first; a program that keeps a copy asks from the last revision that it has seen.

    410 means that what changed since then is not kept any more: read all anew.
    """
    with reading() as session:
        entries = list_changes(session, LISTING.read(query), since=query.since)
        return LISTING.answer(query, entries, _show)


def _show(entry: AuditRecord) -> dict[str, Any]:
    """Return what a viewer may see of a record: not who, nor why."""
    return {name: getattr(entry, name) for name in ChangeOut.model_fields}
