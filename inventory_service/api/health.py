# SPDX-License-Identifier: Apache-2.0
"""Routes that tell whether the service lives, and whether it can work."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from inventory_service.api.access import public
from inventory_service.api.answers import answer
from inventory_service.api.parts import get_database
from inventory_service.domain.errors import Unavailable
from inventory_service.storage.migrations import is_current

routes = APIBlueprint("health", __name__, url_prefix="/health", abp_tags=[Tag(name="health")])


class HealthView(BaseModel):
    """How the service is."""

    status: str


@routes.get("/live", summary="Does the process answer?", responses={200: HealthView})
@public
def live() -> Response:
    """Nothing else is asked, so that a slow database does not restart the service."""
    return answer({"status": "live"})


@routes.get("/ready", summary="Can it work?", responses={200: HealthView})
@public
def ready() -> Response:
    """The database answers, and has the schema that this version needs."""
    database = get_database()
    if not database.is_answering():
        raise Unavailable("The database does not answer.")
    if not is_current(database.engine):
        raise Unavailable("The database has another schema than this version. Run `qm migrate`.")
    return answer({"status": "ready"})
