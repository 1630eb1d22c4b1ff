# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of authorized_keys (sshd(8)): which keys are there, and which should be."""

from __future__ import annotations

import base64
import hashlib
import re
import typing as t

TYPES = (
    r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)"
    r"|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
)
VALID = re.compile(TYPES + r" AAAA[A-Za-z0-9+/]{40,}={0,3}( [^\r\n]*)?")
KEY = re.compile(r"(?:^|\s)(\S+ +AAAA[A-Za-z0-9+/]{40,}={0,3})(?=\s|$)")


def is_valid(key: str) -> bool:
    """Return whether a text is a public key without options."""
    return VALID.fullmatch(key) is not None


def describe(key: str) -> str:
    """Return by what a key is recognised: its type and fingerprint, as ssh-keygen(1) shows it.

    A text that is none may be anything, as a private key, and is described by its length alone.
    """
    found = KEY.search(key)
    if found is None:
        return f"a text of {len(key)} characters"
    kind, data = found[1].split()
    try:
        digest = hashlib.sha256(base64.b64decode(data, validate=True)).digest()
    except ValueError:
        return f"a text of {len(key)} characters with a key of type {kind}"
    return f"{kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def has_key(text: str) -> bool:
    """Return whether a file has any key."""
    return any(_key_of(line) for line in text.splitlines())


def merge(text: str, wanted: t.Iterable[str], *, only: bool) -> str:
    """Return a file with the wanted keys, each once and as it is wanted, and others or none."""
    left = {_key_of(key): key for key in wanted}
    lines, done = [], set()
    for line in text.splitlines():
        key = _key_of(line)
        if key is None:
            # Comments are nobody's key; an option that is no comment and no key is kept as it is.
            if not only or not line.strip() or line.lstrip().startswith("#"):
                lines.append(line)
        elif key in left or key in done:
            if key not in done:
                lines.append(left.pop(key))
            done.add(key)
        elif not only:
            lines.append(line)
    lines += left.values()
    return "".join(f"{line}\n" for line in lines)


def _key_of(line: str) -> str | None:
    """Return type and data of the key in a line, whatever options and comment it has."""
    if line.lstrip().startswith("#"):
        return None
    found = KEY.search(line)
    return " ".join(found[1].split()) if found else None
