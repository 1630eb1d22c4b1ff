# SPDX-License-Identifier: Apache-2.0
"""Deterministic ports: the same project, environment and service get the same port each time."""

import hashlib
from collections.abc import Container, Iterator

from pydantic import Field, model_validator

from inventory_service.core.errors import Exhausted
from inventory_service.core.field_types import Label
from inventory_service.core.inputs import Input

HIGHEST_PORT = 65535


class PortRequest(Input):
    """A request for a port: ``base`` is the first of ``range`` ports to choose from."""

    project: Label
    environment: Label
    service: Label | None = Field(default=None, description="one of several within them")
    base: int = Field(ge=1, le=HIGHEST_PORT)
    range: int = Field(default=1000, ge=1, le=HIGHEST_PORT)

    @model_validator(mode="after")
    def _ends_within_tcp(self) -> "PortRequest":
        check_range(self.base, self.range)
        return self


def check_range(base: int, size: int) -> None:
    """Raise ValueError if the range ends beyond the highest port."""
    if base + size - 1 > HIGHEST_PORT:
        raise ValueError(f"base + range - 1 must not exceed {HIGHEST_PORT}")


def get_hash_based_port(
    project: str,
    environment: str,
    base_port: int,
    port_range: int = 1000,
    *,
    service: str | None = None,
) -> int:
    """Return the port that a project and environment prefer, in [base_port, base_port + range).

    The hash is SHA-256 over length-prefixed names, so that ('a-b', 'c') and ('a', 'b-c') differ.
    """
    names = (project, environment) if service is None else (project, environment, service)
    text = "/".join(f"{len(name)}:{name}" for name in names)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return base_port + number % port_range


def get_preferred_port(request: PortRequest) -> int:
    """Return the port that a request gets if nothing else has it."""
    return get_hash_based_port(
        request.project, request.environment, request.base, request.range, service=request.service
    )


def choose_port(request: PortRequest, taken: Container[int]) -> int:
    """Return the preferred port, or the next free one above it, wrapping at the end of the range.

    :raises Exhausted: each port of the range is taken.
    """
    for port in _probe(request):
        if port not in taken:
            return port
    last = request.base + request.range - 1
    raise Exhausted(
        f"Each port from {request.base} to {last} is taken. Ask for a wider range or another base."
    )


def _probe(request: PortRequest) -> Iterator[int]:
    first = get_preferred_port(request)
    for step in range(request.range):
        yield request.base + (first - request.base + step) % request.range
