# SPDX-License-Identifier: Apache-2.0
"""Secrets of platforms, in files: read at each use, so that they are replaced without a restart."""

import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import structlog

from inventory_service.core.errors import Unavailable

_MOST_BYTES = 65_536
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SecretFile:
    """A file with a secret a line: while one is replaced, both are good."""

    setting: str
    path: Path

    def read(self) -> list[str]:
        """Return the secrets, the one to be sent first.

        :raises Unavailable: the file can't be read, is empty, or all users can read it.
        """
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                words = file.read(_MOST_BYTES).decode().split()
        except (OSError, ValueError) as error:
            raise self._refuse(f"can't be read: {type(error).__name__}") from error
        if stat.S_IMODE(mode) & 0o007:
            raise self._refuse("can be read by all users; make it 0600, and replace the secret")
        if not words:
            raise self._refuse("is empty")
        return words

    def has(self, given: str) -> bool:
        """Return whether a text is one of the secrets, compared in constant time.

        :raises Unavailable: as `read`.
        """
        # All of them, so that the time does not tell which one it is.
        found = [hmac.compare_digest(one.encode(), given.encode()) for one in self.read()]
        return any(found)

    def _refuse(self, reason: str) -> Unavailable:
        # Strangers hear no path.
        _log.error(
            "chat is not set up right", setting=self.setting, file=str(self.path), reason=reason
        )
        return Unavailable("Chat is not set up right; the log of the service has the reason.")
