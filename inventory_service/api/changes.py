# SPDX-License-Identifier: Apache-2.0
"""The route that tells what changed after a revision."""

from dataclasses import dataclass
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from inventory_service.api.access import SECURITY, needs
from inventory_service.api.answers import PageQuery, answer_page, read_cursor
from inventory_service.api.parts import get_database
from inventory_service.api.views import ChangePage, ChangeView
from inventory_service.domain.actors import Scope
from inventory_service.storage.models import AuditRecord
from inventory_service.usecases.audit import list_changes

routes = APIBlueprint(
    "changes",
    __name__,
    url_prefix="/api/v1/changes",
    abp_tags=[Tag(name="changes")],
    abp_security=SECURITY,
)


class ChangeQuery(PageQuery):
    """From where on."""

    since: int = Field(default=0, ge=0, le=2**31 - 1, description="a revision that was seen")


@dataclass(frozen=True)
class _Change:
    """What a viewer may see of an audit record."""

    entry: AuditRecord

    def as_dict(self) -> dict[str, Any]:
        """Return it without who and why."""
        return {name: getattr(self.entry, name) for name in ChangeView.model_fields}


@routes.get("", summary="What changed after a revision", responses={200: ChangePage})
@needs(Scope.VIEWER)
def get_changes(query: ChangeQuery) -> Response:
    """Oldest first; a program that keeps a copy asks from the last revision that it has seen."""
    after = read_cursor(query, int)
    with get_database().reading() as session:
        entries = list_changes(
            session, since=query.since, after=after[0] if after else 0, limit=query.limit + 1
        )
        changes = [_Change(entry) for entry in entries]
        return answer_page(changes, query.limit, lambda change: (change.entry.id,))
