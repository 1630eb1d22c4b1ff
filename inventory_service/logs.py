# SPDX-License-Identifier: Apache-2.0
"""What the process tells: one line of JSON an event on standard output, from every part of it."""

import logging
from typing import Any

import structlog
from structlog.typing import Processor

from inventory_service.core.redaction import redact

_SHARED: tuple[Processor, ...] = (
    # What belongs to the request that is being answered, its id above all.
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    lambda _logger, _name, event: redact(event),
)


def set_up_logs(level: str) -> None:
    """Let our own code tell its events from a level on."""
    structlog.configure(
        # ASCII: neither a line break nor a control character of a value gets into the output.
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # A whole line a write, so that threads do not tell theirs into one another's.
        logger_factory=structlog.WriteLoggerFactory(),
    )


def describe_library_logs() -> dict[str, Any]:
    """Return the configuration (logging.config) that gives what libraries log our form."""
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
        # What libraries log of their inner life is not wanted, whatever our own level is.
        "root": {"level": "WARNING", "handlers": ["lines"]},
        "loggers": {
            # How many requests wait for a thread is no fault, and would be a line for each.
            "waitress.queue": {"level": "ERROR"},
        },
    }
