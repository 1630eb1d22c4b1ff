# SPDX-License-Identifier: Apache-2.0
"""Views that change the fleet: one transaction each, executed once for an Idempotency-Key."""

import functools
import hashlib
import re
from collections.abc import Callable, Collection

from flask import Response, request
from sqlalchemy.orm import Session

from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.core.idempotency import find_response, store_response
from inventory_service.core.retention import SMALL_BATCH, prune_expired
from inventory_service.core.revision import revision_bumped
from inventory_service.http.dependencies import get_actor, get_dependencies
from inventory_service.http.problems import raises
from inventory_service.http.responses import read_revision
from inventory_service.http.transactions import reading, writing

View = Callable[..., Response]
_HEADER = "Idempotency-Key"
_VALIDATOR = re.compile(r'(?:W/)?"([0-9]+(?:\.[0-9]+){0,2})(?:[-;][a-z]+)?"\Z')
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
#: The headers of an answer that are kept with it.
_KEPT_HEADERS = ("Content-Type", "ETag", "Location")


def transactional(view: View) -> View:
    """Return a view that runs in a writing transaction, which it gets as its first argument.

    A POST whose Idempotency-Key was used before gets the stored answer; it is stored in the same
    transaction as the changes, so that one never exists without the other.
    """

    @raises(Conflict)
    @functools.wraps(view)
    def run(**arguments: object) -> Response:
        key = _read_key()
        with writing() as session:
            if key is None:
                response = view(session, **arguments)
            else:
                response = _run_once(session, key, lambda: view(session, **arguments))
            if key is not None or revision_bumped(session):
                # A transaction that adds records also prunes expired ones.
                prune_expired(
                    session, get_dependencies().settings.audit_retention, limit=SMALL_BATCH
                )
            return response

    return run


def answered_once(view: View) -> View:
    """Return a view that gives the stored answer first, before it does work of its own.

    Such a view reads or plans, and then calls another one that is `transactional`.
    """

    @functools.wraps(view)
    def run(**arguments: object) -> Response:
        kept = None
        if _read_key() is not None:
            with reading() as session:
                kept = _find_kept(session)
        return view(**arguments) if kept is None else kept

    return run


def _find_kept(session: Session) -> Response | None:
    key = _read_key()
    kept = find_response(session, get_actor().account, key, _get_fingerprint()) if key else None
    return Response(kept.body, status=kept.status, headers=kept.headers) if kept else None


def _run_once(session: Session, key: str, act: Callable[[], Response]) -> Response:
    kept = _find_kept(session)
    if kept is not None:
        return kept
    actor, fingerprint = get_actor().account, _get_fingerprint()
    response = act()
    heads = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    store_response(
        session,
        actor,
        key,
        fingerprint,
        status=response.status_code,
        headers=heads,
        body=response.get_data(),
    )
    return response


def read_expected() -> Collection[str] | None:
    """Return the revisions that If-Match allows, or None if it allows any.

    Proxies that compress make ``W/"12"`` or ``"12-gzip"`` of ``"12"``; it is the same revision.

    :raises BadInput: it has something else than ETags of this service.
    """
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    found = [_VALIDATOR.match(one.strip()) for one in text.split(",")]
    revisions = {match[1] for match in found if match}
    if None in found:
        raise BadInput(
            'If-Match must be an ETag of this resource, with its quotes, like "12". Read the '
            "resource, and send its ETag as it is.",
            field_errors=[FieldError("If-Match", "is no ETag of this service")],
        )
    return {read_revision(revision) for revision in revisions}


def _read_key() -> str | None:
    key = request.headers.get(_HEADER)
    if key is None or request.method != "POST":
        return None
    if not _KEY.match(key):
        raise BadInput(
            f"The {_HEADER} must be 1 to 255 visible ASCII characters.",
            field_errors=[FieldError(_HEADER, "is not valid")],
        )
    return key


def _get_fingerprint() -> str:
    text = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    return hashlib.sha256(text).hexdigest()
