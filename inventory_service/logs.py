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


def describe_library_logs(level: str) -> dict[str, Any]:
    """Return the configuration (logging.config) that gives libraries, gunicorn first, our form."""
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
        # Libraries tell of their inner life; ours at `debug` is wanted without theirs.
        "root": {"level": "WARNING", "handlers": ["lines"]},
        "loggers": {
            "gunicorn.error": {
                "level": level.upper(),
                "handlers": ["lines"],
                "propagate": False,
            },
        },
    }
