# SPDX-License-Identifier: Apache-2.0
"""Rate limits: for each account, for each address without a token, and for all together.

The reasons are in docs/decisions/0006-limits.md.
"""

import ipaddress
import time
from collections.abc import Iterator
from math import ceil

import structlog
from flask import Response, g, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded, RequestLimit
from flask_openapi3 import OpenAPI
from prometheus_client import CollectorRegistry, Counter, Gauge

from inventory_service.core.errors import RateLimited
from inventory_service.http.auth import is_authenticated, is_page
from inventory_service.http.dependencies import EXTENSION, get_actor, get_dependencies
from inventory_service.http.problems import problem_response
from inventory_service.settings import Settings

_log = structlog.get_logger(__name__)
WINDOW_S = 60
#: A Redis that does not answer holds up no request for longer.
STORAGE_TIMEOUT_S = 1
#: The networks of IPv6 that one customer is given whole (RFC 6177): its addresses are one caller's.
_IPV6_PREFIX = 64
_TOTAL, _STRANGERS, _ADDRESS, _ACCOUNT = "total", "strangers", "address", "account"
_DETAILS = {
    _TOTAL: "The service answers {amount} requests a minute in all (QM_LIMIT_TOTAL_PER_MIN).",
    _STRANGERS: (
        "Requests without a valid token are answered {amount} times a minute, half of what the "
        "service answers in all (QM_LIMIT_TOTAL_PER_MIN)."
    ),
    _ADDRESS: (
        "An address may send {amount} requests a minute without a valid token "
        "(QM_LIMIT_ADDRESS_PER_MIN)."
    ),
    _ACCOUNT: "An account may send {amount} requests a minute (QM_LIMIT_ACCOUNT_PER_MIN).",
}


def init_app(app: OpenAPI, registry: CollectorRegistry) -> None:
    """Register the limits; ``auth.init_callers`` must have been called before."""
    settings: Settings = app.extensions[EXTENSION].settings
    limits = [*_list_limits(settings)]
    if not limits:
        return
    limiter = Limiter(
        _get_total,
        default_limits=[*limits],
        strategy="fixed-window",
        storage_uri=settings.limiter_url,
        storage_options={
            "socket_timeout": STORAGE_TIMEOUT_S,
            "socket_connect_timeout": STORAGE_TIMEOUT_S,
        },
        # Without its Redis each process counts for itself, and asks for it again by and by.
        in_memory_fallback_enabled=True,
        on_breach=_note_wait,
        # Also where no route is: otherwise guessing paths would be free.
        request_identifier=_get_total,
        headers_enabled=False,
    )
    limiter.request_filter(_is_exempt)
    limiter.init_app(app)
    _RateLimitMetrics(app, limiter, registry)


class _RateLimitMetrics:
    """The metrics and log lines of the limiter."""

    def __init__(self, app: OpenAPI, limiter: Limiter, registry: CollectorRegistry) -> None:
        self._limiter = limiter
        self._was_up = True
        self._refused = Counter(
            "quartermaster_limited_requests",
            "Requests refused with 429, by the limit that they met.",
            ["limit"],
            registry=registry,
        )
        self._up = Gauge(
            "quartermaster_limiter_storage_up",
            "1 while the storage of QM_LIMITER_URL answers, 0 while this process counts alone.",
            registry=registry,
        )
        self._up.set_function(self._is_up)
        app.register_error_handler(RateLimitExceeded, self._answer)
        app.after_request(self._log_change)

    def _is_up(self) -> bool:
        return self._limiter.limiter.storage is self._limiter.storage

    def _answer(self, error: RateLimitExceeded) -> Response:
        name = str(error.limit.scope)
        self._refused.labels(name).inc()
        what = _DETAILS[name].format(amount=error.limit.limit.amount)
        return problem_response(
            RateLimited(
                f"{what} Send the request again in {g.retry_after_s} s.",
                retry_after_s=g.retry_after_s,
            )
        )

    def _log_change(self, response: Response) -> Response:
        is_up = self._is_up()
        if is_up != self._was_up:
            self._was_up = is_up
            if is_up:
                _log.info("rate limit storage available again")
            else:
                _log.warning("rate limit storage unavailable; each process counts for itself")
        return response


def _list_limits(settings: Settings) -> Iterator[ApplicationLimit]:
    """Yield the limits that are set; what a caller's own refuses does not count in the total."""
    # However many addresses strangers have, those with a token keep the other half.
    strangers = -(-settings.limit_total_per_min // 2)
    known = (
        (_ADDRESS, settings.limit_address_per_min, _get_address, is_authenticated),
        (_STRANGERS, strangers, _get_total, is_authenticated),
        (_ACCOUNT, settings.limit_account_per_min, _get_account, _has_no_account),
        (_TOTAL, settings.limit_total_per_min, _get_total, None),
    )
    for name, amount, key, exempt in known:
        if amount:
            yield ApplicationLimit(
                limit_provider=f"{amount}/minute",
                scope=name,
                key_function=key,
                exempt_when=exempt,
            )


def _note_wait(breach: RequestLimit) -> None:
    wait_s = breach.reset_at - time.time()
    if wait_s > WINDOW_S + 1:
        # The memory's windows end by the clock of the day, and that was set back.
        breach.limiter.storage.reset()
        wait_s = 1
    g.retry_after_s = max(1, min(WINDOW_S, ceil(wait_s)))


def _is_exempt() -> bool:
    """Return whether no limit applies: monitoring must work also under too much load."""
    if request.blueprint == "health":
        return True
    return request.path == "/metrics" and (
        is_authenticated() or get_dependencies().settings.anonymous_read
    )


def _get_address() -> str:
    # Who shares an address with a program that asks too often can still read how the API works.
    page = "page of " if is_page(request.endpoint) else ""
    return page + find_network(request.remote_addr or "")


def find_network(text: str) -> str:
    """Return the network of an address: one caller's, however many addresses that caller has."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "local"  # through a socket of this machine
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
    return str(address)


def _get_account() -> str:
    return get_actor().account


def _has_no_account() -> bool:
    return not is_authenticated()


def _get_total() -> str:
    return "fleet"
