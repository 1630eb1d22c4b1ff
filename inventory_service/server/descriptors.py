# SPDX-License-Identifier: Apache-2.0
"""File descriptors: enough of them for each connection that the process accepts.

Without one, nobody can be accepted, and no file of the database opened.
"""

import resource

import structlog

from inventory_service.settings import Settings

#: Of what is held for clients, this much or more goes into a temporary file (waitress's default).
_FILE_BYTES = 512 * 1024
#: Databases, logs, sockets and pipes of the process itself.
_OWN, _OWN_PER_THREAD = 64, 8

_log = structlog.get_logger(__name__)


def reserve(settings: Settings) -> int:
    """Raise the limit of open files as far as it goes; return how many connections then fit.

    By default a process may open 1,024 files, but may raise that itself, up to its hard limit.
    """
    # The bound for what is held is enforced a little later than it is passed.
    files = 2 * (settings.max_held_bytes // _FILE_BYTES)
    others = files + _OWN + _OWN_PER_THREAD * settings.threads
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + others
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    if limit == wanted:
        return settings.max_connections
    fitting = max(limit // 4, limit - others)
    _log.warning("too few open files are allowed", allowed=hard, needed=wanted, connections=fitting)
    return min(fitting, settings.max_connections)
