# SPDX-License-Identifier: Apache-2.0
"""The addresses of a host, looked up and checked: a message goes to the one that was checked."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.notifications.domain.destinations import Address, Allowance, Destination

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host, as the resolver of this machine knows them.

    :raises OSError: it knows none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Addresses:
    """Looks up hosts, and allows only what the operator allows."""

    def __init__(self, allowance: Allowance, resolve: Resolve = resolve) -> None:
        self._allowance = allowance
        self._resolve = resolve

    def find(self, destination: Destination) -> list[Address]:
        """Return the addresses to connect to, the best first; a second look-up could have others.

        :raises BadInput: the host has no address, or one that messages must not go to.
        """
        # Names of one's own are not even looked up.
        self._allowance.check_host(destination)
        try:
            found = self._resolve(destination.host, destination.port)
        except (OSError, UnicodeError):
            reason = "has no address that the resolver knows"
            raise BadInput(
                f"{destination.label} {reason}.",
                field_errors=[FieldError("webhook_url", f"its host {reason}")],
            ) from None
        # A zone belongs to link-local addresses only, which are refused anyway.
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
        self._allowance.check(destination, addresses)
        return addresses
