# SPDX-License-Identifier: Apache-2.0
"""Files that are written whole or not at all."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from inventory_service.cli.client.errors import Failure


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[TextIO]:
    """Open a file that replaces the one at the path when all is written.

    If anything fails the old one stays. Only its owner can read it: it may describe a whole fleet.
    A pipe or a device is written to instead; a file in its place would leave its reader waiting.

    :raises Failure: it cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with _naming(path), path.open("w", encoding="utf-8", newline="") as special:
            yield special
        return
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with _naming(path):
        descriptor = os.open(draft, flags, stat.S_IRUSR | stat.S_IWUSR)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}",
            next_step="name a file in a folder that you may write to",
        ) from error
