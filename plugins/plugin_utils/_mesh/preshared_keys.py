# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preshared key of each pair of nodes, derived from one secret that only the controller has."""

from __future__ import annotations

import binascii
import hmac

SECRET_MIN_LENGTH = 32
"""Characters; `openssl rand -base64 32` gives 44. Less could be guessed from one pair's key."""
PURPOSE = "quartermaster.fleet wireguard preshared key 1"
"""Makes the keys differ from anything else that is ever derived from the same secret."""


def find_secret_fault(secret: str) -> str | None:
    """Return why a secret is no good, without repeating it; None if it is, or is empty."""
    if secret and len(secret) < SECRET_MIN_LENGTH:
        return (
            f"preshared_secret is shorter than {SECRET_MIN_LENGTH} characters; "
            "make one by `openssl rand -base64 32`"
        )
    return None


def derive_preshared_key(secret: str, one: str, other: str) -> str:
    """Return the key that two nodes share, whichever of them is named first.

    From the names, and not from the public keys, so that it lasts when one of them is rotated.
    HMAC-SHA-256 as a pseudorandom function (RFC 2104): a node's keys reveal nothing about others'.
    """
    first, second = (one, other) if one < other else (other, one)
    message = f"{PURPOSE}\0{first}\0{second}"
    digest = hmac.digest(secret.encode(), message.encode(), "sha256")
    return binascii.b2a_base64(digest, newline=False).decode()
