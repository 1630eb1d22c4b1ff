# SPDX-License-Identifier: Apache-2.0
"""Routes that tell whether the service lives, and whether it can work."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from inventory_service.core.database.schema import read_schema
from inventory_service.core.errors import Unavailable
from inventory_service.http.auth import public
from inventory_service.http.dependencies import get_database
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response

routes = APIBlueprint("health", __name__, url_prefix="/health", abp_tags=[Tag(name="health")])


class LifeOut(BaseModel):
    """That the process answers."""

    status: str


class ReadinessOut(BaseModel):
    """That the service can work, and on what."""

    status: str
    database: str = Field(description="the kind that answered: sqlite or postgresql")
    schema_: str = Field(alias="schema", description="the schema that it has, the one needed")


@routes.get("/live", summary="Does the process answer?", responses={200: LifeOut})
@public
def live() -> Response:
    """Nothing else is asked, so that a slow database does not restart the service."""
    return json_response({"status": "live"})


@routes.get("/ready", summary="Can it work?", responses={200: ReadinessOut})
@public
@raises(Unavailable)
def ready() -> Response:
    """The database answers, has the schema that this version needs, and takes changes.

    Else 503 says which of these is not so.
    """
    database = get_database()
    with database.reading():
        schema = read_schema(database.engine)
    if not schema.is_current:
        raise Unavailable(schema.explain())
    database.check_writing()
    return json_response(
        {"status": "ready", "database": database.engine.dialect.name, "schema": schema.wanted}
    )
