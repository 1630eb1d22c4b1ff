# SPDX-License-Identifier: Apache-2.0
"""The application: the only place that joins the parts."""

from typing import Any

import orjson
import structlog
from flask import Flask
from flask.json.provider import JSONProvider
from flask_openapi3 import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from inventory_service import http as api
from inventory_service.core.database.engine import Database
from inventory_service.fleet.heartbeat_batching import HeartbeatBatcher
from inventory_service.http.dependencies import EXTENSION, Dependencies
from inventory_service.http.openapi import PREFIX, SECURITY_SCHEMES, get_info
from inventory_service.http.problems import Problem, validation_problem_response
from inventory_service.http.responses import to_json
from inventory_service.identity.token_cache import KnownTokens
from inventory_service.inventory.usecases.documents import InventoryDocuments
from inventory_service.logs import set_up_logs
from inventory_service.settings import Settings

_log = structlog.get_logger(__name__)


class _JSON(JSONProvider):
    """JSON by orjson, which refuses what is no Unicode text (lone surrogates)."""

    def dumps(self, obj: Any, **_options: Any) -> str:  # noqa: ANN401 - the signature of Flask
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:  # noqa: ANN401 - the signature of Flask
        return orjson.loads(s)


def create_app(settings: Settings) -> Flask:
    """Return the service, ready to be served; the database must have its schema already."""
    set_up_logs(settings.log_level)
    app = OpenAPI(
        "inventory_service",
        info=get_info(),
        security_schemes=SECURITY_SCHEMES,
        validation_error_status=422,
        validation_error_model=Problem,
        validation_error_callback=validation_problem_response,
        doc_prefix=PREFIX,
    )
    app.json = _JSON(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign] # as Flask's documents say
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    database = Database(
        settings.database_url, lock_timeout_s=settings.lock_timeout_s, tell=_tell_outage
    )
    app.extensions[EXTENSION] = Dependencies(
        settings=settings,
        database=database,
        documents=InventoryDocuments(to_json),
        heartbeats=HeartbeatBatcher(database),
        tokens=KnownTokens(database),
    )
    api.init_app(app)
    return app


def _tell_outage(kind: str, reason: str | None) -> None:
    if reason is None:
        _log.warning("the database is back", kind=kind)
    else:
        _log.error("the database fails", kind=kind, reason=reason)
