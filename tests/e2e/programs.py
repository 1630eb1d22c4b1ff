# SPDX-License-Identifier: Apache-2.0
"""Real programs for tests, from Debian's packages: unpacked in a cache, not installed."""

import fcntl
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "programs"


def find_program(name: str, package: str) -> Path:
    """Return a program: the machine's own, or the one of a Debian package, kept for later tests.

    The package is unpacked only: installing it would start its service.
    """
    own = shutil.which(name)
    return Path(own) if own else find_file(f"usr/*bin/{name}", package)


def find_file(pattern: str, package: str) -> Path:
    """Return a file of a Debian package, by its path in the package, kept for later tests."""
    folder = CACHE / package
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(folder.glob(pattern)):
            _unpack(package, folder)
    return next(folder.glob(pattern))


def _unpack(package: str, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    fetch = ["apt-get", "download", "-q", package]
    if subprocess.run(fetch, cwd=partial, capture_output=True, check=False).returncode:
        # A fresh machine has no lists yet.
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, check=True)
        subprocess.run(fetch, cwd=partial, capture_output=True, check=True)
    archive = next(partial.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive, partial], check=True)
    archive.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
