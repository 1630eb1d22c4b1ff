# SPDX-License-Identifier: Apache-2.0
"""Logs: one line of JSON for each event on standard output, from our code and from libraries."""

import logging
from typing import Any

import structlog
from structlog.typing import Processor

from inventory_service.core.redaction import redact

_SHARED: tuple[Processor, ...] = (
    # Adds the context of the current request, its id above all.
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    lambda _logger, _name, event: redact(event),
)


def set_up_logs(level: str) -> None:
    """Configure the logs of our own code to show events from a level on."""
    structlog.configure(
        # ASCII: neither a line break nor a control character of a value gets into the output.
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # A whole line in one write, so that threads do not mix theirs.
        logger_factory=structlog.WriteLoggerFactory(),
    )


def describe_library_logs() -> dict[str, Any]:
    """Return the configuration (logging.config) that formats the logs of libraries like ours."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.add_logger_name],
    }
    handler = {
        "class": "logging.StreamHandler",
        "formatter": "json",
        "stream": "ext://sys.stdout",
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"lines": handler},
        # Details of libraries are not wanted, whatever our own level is.
        "root": {"level": "WARNING", "handlers": ["lines"]},
        "loggers": {
            # How many requests wait for a thread is no fault, and would be a line for each.
            "waitress.queue": {"level": "ERROR"},
        },
    }
