# SPDX-License-Identifier: Apache-2.0
"""Audit records of denied requests: who was refused, and why."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from flask import Response, current_app, g, request
from flask_openapi3 import OpenAPI

from inventory_service.audit.domain import RefusalBudget
from inventory_service.audit.usecases import record_denial
from inventory_service.core.actors import Actor, Role
from inventory_service.core.database.engine import Database
from inventory_service.core.retention import SMALL_BATCH, prune_expired
from inventory_service.http.auth import find_caller
from inventory_service.http.dependencies import EXTENSION, Dependencies

_log = structlog.get_logger(__name__)
#: 401 and 403 are recorded for every request, the others only for requests that change something.
_OF_CALLERS = frozenset({401, 403})
_OF_ACTS = frozenset({400, 404, 409, 412, 413, 415, 422})


def init_app(app: OpenAPI) -> None:
    """Record each denied change, each insufficient role, and each expired or revoked token.

    Requests without a token of ours are only in the request log: each record would cost a write and
    have no actor. So are those over a rate limit (429): their records could fill the disk.
    """
    dependencies: Dependencies = app.extensions[EXTENSION]
    recorder = RefusalRecorder(dependencies.database, dependencies.settings.audit_retention)

    @app.after_request
    def _note(response: Response) -> Response:
        if _is_recorded(response.status_code):
            caller = find_caller()
            if caller is not None:
                recorder.add(_describe(caller, response))
        return response


def _is_recorded(status: int) -> bool:
    return status in _OF_CALLERS or (status in _OF_ACTS and _is_act())


def _is_act() -> bool:
    """Return whether the request would change something: it needs more than the role viewer."""
    if request.method in {"GET", "HEAD"}:
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "required_role", None)
    return needed is None or needed[0] is not Role.VIEWER


@dataclass(frozen=True)
class Denial:
    """A denied request, and how many of its kind it is recorded for (0: for itself)."""

    caller: Actor
    request: str
    kind: str
    status: int
    reason: str
    times: int = 0


def _describe(caller: Actor, response: Response) -> Denial:
    problem = response.get_json(silent=True) or {}
    # The answer of 401 does not name what ended a token.
    why = g.unauthorized.why if "unauthorized" in g else problem.get("detail", "")
    route = request.url_rule.rule if request.url_rule else "none"
    return Denial(
        caller,
        f"{request.method} {request.path}",
        # The route and not the path, of which a caller may invent any number.
        f"{response.status_code} {request.method} {route}",
        response.status_code,
        str(why),
    )


class RefusalRecorder:
    """Records denied requests: one thread writes those of all, so that no other waits for the lock.

    Reading is denied, too, and the threads that read must not wait for another writer.
    """

    def __init__(self, database: Database, retention: timedelta | None) -> None:
        self._database = database
        self._retention = retention
        self._budget = RefusalBudget()
        self._lock = threading.Lock()
        self._waiting: list[Denial] = []
        self._is_writing = False

    def add(self, denial: Denial) -> None:
        """Record a denied request, or leave it to the thread that is writing."""
        times = self._budget.count(denial.caller.account, denial.kind, datetime.now(UTC).date())
        if times is None:
            return
        with self._lock:
            self._waiting.append(replace(denial, times=times))
            if self._is_writing:
                return
            self._is_writing = True
        while batch := self._take():
            self._write(batch)

    def _take(self) -> list[Denial]:
        with self._lock:
            batch, self._waiting = self._waiting, []
            self._is_writing = bool(batch)
            return batch

    def _write(self, batch: Sequence[Denial]) -> None:
        try:
            with self._database.writing() as session:
                for one in batch:
                    record_denial(
                        session,
                        one.caller,
                        one.request,
                        status=one.status,
                        reason=one.reason,
                        times=one.times,
                    )
                prune_expired(session, self._retention, limit=SMALL_BATCH)
        except Exception as error:  # noqa: BLE001 - an answer must not be replaced by another one
            paths = [one.request for one in batch[:5]]
            _log.error("denied requests could not be recorded", requests=paths, reason=str(error))
