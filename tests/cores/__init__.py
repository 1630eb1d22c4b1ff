# SPDX-License-Identifier: Apache-2.0
"""The oldest ansible-core that we support, in a folder of its own beside the newest one."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

_FOLDER = Path(__file__).parent
_CACHE = _FOLDER.parents[1] / ".cache" / "cores"
LOCK = _FOLDER / "oldest.lock"


def get_oldest() -> Path:
    """Return the folder of the programs of the oldest core, which is installed if it is missing.

    It lies under a hash of its lock file and its Python, so that a change makes it anew.
    """
    text = LOCK.read_bytes() + sys.version.encode()
    folder = _CACHE / f"oldest-{hashlib.sha256(text).hexdigest()[:12]}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ok").exists():
            _install(folder)
    return folder / "bin"


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    options = ("install", "--quiet", "--require-hashes", "-r", LOCK)
    uv = (
        Path(sys.executable).parent / "uv",
        "pip",
        *options,
        "--python",
        folder / "bin" / "python",
    )
    pip = (folder / "bin" / "pip", *options, "--disable-pip-version-check")
    # As in the Makefile: pip takes over where it alone knows the mirror.
    if subprocess.run(uv, check=False, env=_get_environment()).returncode:
        subprocess.run(pip, check=True, env=_get_environment())
    (folder / "ok").touch()


def _get_environment() -> dict[str, str]:
    # A developer's PYTHONPATH would let pip take packages for installed that are elsewhere.
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
