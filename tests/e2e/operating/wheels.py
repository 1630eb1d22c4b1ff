# SPDX-License-Identifier: Apache-2.0
"""Wheels for machines without a package index: those of the lock file, and the own one."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "packaging" / "requirements.lock"
CACHE = ROOT / ".cache" / "wheels"
SOURCES = ("pyproject.toml", "README.md", "LICENSE")
FOLDERS = ("LICENSES", "inventory_service")
#: Makes pip look for packages in one folder only.
PIP_CONF = "[global]\nno-index = true\nfind-links = {}\n"
_ENTRY = re.compile(
    r"^(?P<pin>\S+)(?: ; (?P<marker>[^\\]+))?(?P<hashes>(?: \\\n    --hash=\S+)+)$", re.MULTILINE
)


def fetch_locked(python: str) -> Path:
    """Return a folder with the locked wheels for a version of Python, kept for later tests."""
    lines = _choose(python)
    folder = CACHE / f"{python}-{hashlib.sha256(lines.encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _download(lines, python, folder)
    return folder


def build_own(folder: Path, *, version: str | None = None, migration: str | None = None) -> Path:
    """Return a wheel of the service; with a version and a migration it is one of later days."""
    source = folder / "source"
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    if version:
        project = source / "pyproject.toml"
        text = project.read_text("utf-8")
        project.write_text(
            re.sub(r'^version = ".*"', f'version = "{version}"', text, flags=re.MULTILINE)
        )
    if migration:
        versions = source / "inventory_service" / "migrations" / "versions"
        (versions / "9999_of_later_days.py").write_text(migration, "utf-8")
    _pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(source))
    return next(folder.glob("*.whl"))


def _choose(python: str) -> str:
    """Return the lines of the lock file that are for a version of Python on Linux.

    pip itself would judge by the Python that it runs on, whatever it downloads for.
    """
    about = {"python_full_version": python, "sys_platform": "linux"}
    return "\n".join(
        entry["pin"] + entry["hashes"]
        for entry in _ENTRY.finditer(LOCK.read_text("utf-8"))
        if not entry["marker"] or Marker(entry["marker"]).evaluate(about)
    )


def _download(lines: str, python: str, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    chosen = partial / "requirements.lock"
    chosen.write_text(lines, "utf-8")
    short = ".".join(python.split(".")[:2])
    target = ["--only-binary=:all:", f"--python-version={short}", f"--dest={partial}"]
    _pip("download", "--no-deps", "--require-hashes", *target, f"--requirement={chosen}")
    partial.rename(folder)


def _pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
