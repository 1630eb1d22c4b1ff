# SPDX-License-Identifier: Apache-2.0
"""Routes for liveness and readiness probes."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from inventory_service.core.database.schema import read_schema_on
from inventory_service.core.errors import Unavailable
from inventory_service.http.auth import public
from inventory_service.http.dependencies import get_database
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response

routes = APIBlueprint("health", __name__, url_prefix="/health", abp_tags=[Tag(name="health")])


class LifeOut(BaseModel):
    """The process answers."""

    status: str


class ReadinessOut(BaseModel):
    """The service is ready, with the database and schema that it uses."""

    status: str
    database: str = Field(description="the kind of database: sqlite or postgresql")
    schema_: str = Field(alias="schema", description="the schema revision of the database")


@routes.get("/live", summary="Does the process answer?", responses={200: LifeOut})
@public
def live() -> Response:
    """The process answers. The database is not used: its outage is no reason for a restart."""
    return json_response({"status": "live"})


@routes.get("/ready", summary="Can it work?", responses={200: ReadinessOut})
@public
@raises(Unavailable)
def ready() -> Response:
    """The database answers, has the schema that this version needs, and takes changes.

    Otherwise 503, whose `detail` names the one that fails.
    """
    database = get_database()
    with database.reading() as session:
        schema = read_schema_on(session.connection())
    if not schema.is_current:
        raise Unavailable(schema.explain())
    database.check_writing()
    return json_response(
        {"status": "ready", "database": database.engine.dialect.name, "schema": schema.wanted}
    )
