# SPDX-License-Identifier: Apache-2.0
"""The sizes of server that can be asked for, by the names that the clouds give them.

Sources: DigitalOcean API v2 ``/v2/sizes`` (slugs ``s-…``), Hetzner Cloud API ``/v1/server_types``
(``cx…``, ``cpx…``).
"""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

#: name: (virtual CPUs, memory in MiB)
SPECS: dict[str, tuple[int, int]] = {
    "s-1vcpu-512mb-10gb": (1, 512),
    "s-1vcpu-1gb": (1, 1024),
    "s-1vcpu-2gb": (1, 2048),
    "s-2vcpu-2gb": (2, 2048),
    "s-2vcpu-4gb": (2, 4096),
    "s-4vcpu-8gb": (4, 8192),
    "s-8vcpu-16gb": (8, 16384),
    "cx22": (2, 4096),
    "cx32": (4, 8192),
    "cx42": (8, 16384),
    "cx52": (16, 32768),
    "cpx11": (2, 2048),
    "cpx21": (3, 4096),
    "cpx31": (4, 8192),
    "cpx41": (8, 16384),
}


def check_spec(value: str) -> str:
    """Return the name if it is a known size.

    :raises ValueError: it is not; the message lists those that are.
    """
    if value not in SPECS:
        raise ValueError(f"{value[:64]!r} is not a known spec; known are {', '.join(SPECS)}")
    return value


Spec = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_spec)]
