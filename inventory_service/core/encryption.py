# SPDX-License-Identifier: Apache-2.0
"""Encryption of what must be secret at rest, by a key in a file that only its owner reads."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from inventory_service.core.errors import Conflict


class Vault:
    """Seals and opens secrets (Fernet: AES-128-CBC with HMAC-SHA256, github.com/fernet/spec).

    A file of several lines has several keys: the first one seals, each of them opens, so that a
    key can be replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def seal(self, secrets: Mapping[str, str]) -> str:
        """Return the secrets, unreadable.

        :raises Conflict: there is no key, or others can read it.
        """
        return self._read_keys().encrypt(json.dumps(dict(secrets)).encode()).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """Return the secrets.

        :raises Conflict: there is no key, others can read it, or it is another one.
        """
        try:
            opened: dict[str, str] = json.loads(self._read_keys().decrypt(sealed.encode()))
        except InvalidToken:
            raise Conflict(
                "A secret in the database was sealed by another key than that of "
                "QM_SECRET_KEY_FILE. Put the former key back, or set all secrets of its owner "
                "anew, at once."
            ) from None
        return opened

    def _read_keys(self) -> MultiFernet:
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                words = file.read(65_536).split()
            if not stat.S_IMODE(mode) & 0o077:
                return MultiFernet([Fernet(word) for word in words])
        except OSError:
            raise Conflict(
                f"There is no key to keep secrets by: {self._path} (QM_SECRET_KEY_FILE) can't be "
                "read. `qm migrate` makes it; workers and service need the same one."
            ) from None
        except ValueError:
            raise Conflict(f"{self._path} (QM_SECRET_KEY_FILE) holds no key of Fernet.") from None
        raise Conflict(
            f"Others can read {self._path} (QM_SECRET_KEY_FILE). Make it 0600, and replace the key."
        )


def make_key(path: Path) -> bool:
    """Make a key for its owner alone, unless there is one; return whether it was made.

    :raises Conflict: its file can't be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if path.exists():
            return False
        raise Conflict(
            f"{path} (QM_SECRET_KEY_FILE) can't be written: {error.strerror}. Name another file."
        ) from error
    with os.fdopen(number, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
    return True
