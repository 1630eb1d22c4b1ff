# SPDX-License-Identifier: Apache-2.0
"""The route that serves the fleet's host keys as a known_hosts file of SSH."""

from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from inventory_service.core.actors import Role
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.transactions import reading
from inventory_service.inventory.usecases.documents import list_known_hosts

routes = APIBlueprint(
    "ssh",
    __name__,
    url_prefix="/api/v1/ssh",
    abp_tags=[Tag(name="inventory")],
    abp_security=SECURITY,
)
_TEXT: dict[str, Any] = {
    "description": "An OpenSSH known_hosts file",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@routes.get("/known_hosts", summary="The fleet's SSH host keys", responses={200: _TEXT})
@require_role(Role.VIEWER, anonymous=True)
def get_known_hosts() -> Response:
    """One line a key, for each node whose keys were recorded when its server was made."""
    with reading() as session:
        return Response(list_known_hosts(session), mimetype="text/plain")
