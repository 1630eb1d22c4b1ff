# SPDX-License-Identifier: Apache-2.0
"""The bounds of a process: which connections are ended because they take too long or too much."""

from collections import Counter
from collections.abc import Collection

from inventory_service.http.rate_limits import find_network
from inventory_service.server.connections import Connection
from inventory_service.server.responses import RequestTimeout, ServiceUnavailable
from inventory_service.settings import Settings

#: How long a connection may be idle while the process stops: its client may be about to ask.
_STOPPING_IDLE_S = 1
#: When there are too many connections, this part of them is ended.
_EXCESS = 0.1


def enforce(
    connections: Collection[Connection], settings: Settings, now: float, *, is_stopping: bool
) -> None:
    """End the connections that are beyond a bound."""
    idle_timeout_s = _STOPPING_IDLE_S if is_stopping else settings.idle_timeout_s
    for connection in connections:
        _enforce_times(connection, settings, now, idle_timeout_s)
    _enforce_count(connections, settings.max_connections)
    _enforce_size(connections, settings.max_held_bytes)


def _enforce_times(
    connection: Connection, settings: Settings, now: float, idle_timeout_s: float
) -> None:
    waited_s = now - connection.waiting_since
    if not connection.total_outbufs_len:
        connection.unread_since = None
    if connection.lingers_until is not None:
        if now > connection.lingers_until:
            connection.end()
    elif connection.total_outbufs_len:
        connection.unread_since = connection.unread_since or now
        if now - connection.unread_since > settings.answer_timeout_s:
            connection.end()
    elif connection.requests:
        return
    elif connection.request is not None:
        if waited_s > settings.arrival_timeout_s:
            connection.refuse(
                RequestTimeout("The request did not arrive as a whole within QM_ARRIVAL_TIMEOUT_S.")
            )
    elif waited_s > idle_timeout_s:
        connection.end()


def _enforce_count(connections: Collection[Connection], most: int) -> None:
    """Make room for new clients.

    The connections of the network that has most of them end first, the longest idle one before the
    others: whoever opens many takes no room from those who open few.
    """
    if len(connections) < most:
        return
    counts = Counter(_get_network(one) for one in connections)
    waiting = sorted(
        (one for one in connections if not one.is_busy),
        key=lambda one: (-counts[_get_network(one)], one.waiting_since),
    )
    for connection in waiting[: max(1, round(_EXCESS * most))]:
        connection.end()


def _get_network(connection: Connection) -> str:
    return find_network(connection.addr[0])


def _enforce_size(connections: Collection[Connection], most: int) -> None:
    """Limit memory and disk: the connection that holds most ends first."""
    held = sum(connection.held_bytes for connection in connections)
    if held <= most:
        return
    for connection in sorted(connections, key=lambda one: one.held_bytes, reverse=True):
        held -= connection.held_bytes
        if connection.request is not None and not connection.is_busy:
            connection.refuse(
                ServiceUnavailable(
                    "The service holds as many bytes as QM_MAX_HELD_BYTES allows; try later."
                )
            )
        else:
            connection.end()
        if held <= most:
            return
