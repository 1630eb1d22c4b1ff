# SPDX-License-Identifier: Apache-2.0
"""The client of the service for programs in Python, which `qm` uses too: docs/python.md."""

from inventory_service.client.client import Client
from inventory_service.client.errors import (
    BadInput,
    ClientError,
    Conflict,
    Forbidden,
    Gone,
    InvalidConnection,
    InvalidName,
    NotFound,
    NotSupported,
    PreconditionFailed,
    RateLimited,
    Refused,
    RunUnfinished,
    RunUnsuccessful,
    ServiceUnreachable,
    Target,
    Unauthorized,
    Unavailable,
)
from inventory_service.client.watching import Progress

__all__ = [
    "BadInput",
    "Client",
    "ClientError",
    "Conflict",
    "Forbidden",
    "Gone",
    "InvalidConnection",
    "InvalidName",
    "NotFound",
    "NotSupported",
    "PreconditionFailed",
    "Progress",
    "RateLimited",
    "Refused",
    "RunUnfinished",
    "RunUnsuccessful",
    "ServiceUnreachable",
    "Target",
    "Unauthorized",
    "Unavailable",
]
