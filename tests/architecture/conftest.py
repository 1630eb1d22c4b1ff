# SPDX-License-Identifier: Apache-2.0
"""The repository as the architecture tests see it: its files, and a copy that may be broken."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Return the files that git keeps or would keep, relative to the root; links are files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = {Path(name) for name in listed.split("\0") if name}
    return sorted(path for path in paths if (root / path).is_file())
