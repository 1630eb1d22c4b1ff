# SPDX-License-Identifier: Apache-2.0
"""Transactions of views, and the header with the revision that they saw.

Several services may serve one database: by the header a client knows, whichever service answers,
that an answer is not older than the one before.
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
    """Add the revision header to each answer whose view opened a transaction."""

    @app.after_request
    def _add_header(response: Response) -> Response:
        if "seen_revision" in g:
            response.headers[REVISION_HEADER] = str(g.seen_revision)
        return response


@contextlib.contextmanager
def reading() -> Iterator[Session]:
    """Give a session that sees one state of the fleet, of which the answer gets the revision.

    The revision is read last: `InventoryDocuments` needs a session that has read nothing yet.
    """
    with get_database().reading() as session:
        try:
            yield session
        except ServiceError:
            _note(get_revision(session))
            raise
        _note(get_revision(session))


@contextlib.contextmanager
def planning() -> Iterator[Session]:
    """Give a session whose changes are lost at its end, as is the revision that they raise."""
    with get_database().planning() as session:
        _note(get_revision(session))
        yield session


@contextlib.contextmanager
def writing() -> Iterator[Session]:
    """Give a session whose changes are committed together at its end, or not at all."""
    with get_database().writing() as session:
        # The revision for the answer if the view raises an error.
        _note(get_revision(session))
        yield session
    if revision_bumped(session):
        _note(next_revision(session))


def _note(revision: int) -> None:
    """Set the revision for the header of this request's answer."""
    g.seen_revision = revision
