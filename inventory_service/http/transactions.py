# SPDX-License-Identifier: Apache-2.0
"""The transactions of the views, and the fleet's revision that the answer's own one saw.

Several services may serve one database: whoever was told of a revision knows by the next answer,
whichever service it comes from, that this one is not from before.
"""

import contextlib
from collections.abc import Iterator

from flask import Response, g
from flask_openapi3 import OpenAPI
from sqlalchemy.orm import Session

from inventory_service.core.errors import ServiceError
from inventory_service.core.revision import get_revision, next_revision, revision_bumped
from inventory_service.http.dependencies import get_database

REVISION_HEADER = "X-Quartermaster-Revision"


def init_app(app: OpenAPI) -> None:
    """Say in each answer that comes from the fleet at which revision it was."""

    @app.after_request
    def _tell(response: Response) -> Response:
        if "seen_revision" in g:
            response.headers[REVISION_HEADER] = str(g.seen_revision)
        return response


@contextlib.contextmanager
def reading() -> Iterator[Session]:
    """Give a session that sees one state of the fleet; what it refuses is refused of that state.

    The revision is asked for last: `InventoryDocuments` wants a session that has read nothing yet.
    """
    with get_database().reading() as session:
        try:
            yield session
        except ServiceError:
            _note(get_revision(session))
            raise
        _note(get_revision(session))


@contextlib.contextmanager
def writing() -> Iterator[Session]:
    """Give a session whose changes are kept together at its end, or not at all."""
    with get_database().writing() as session:
        # What is refused from here on leaves the fleet at this one.
        _note(get_revision(session))
        yield session
    if revision_bumped(session):
        _note(next_revision(session))


def _note(revision: int) -> None:
    """Note which revision the answer of this request is from."""
    g.seen_revision = revision
