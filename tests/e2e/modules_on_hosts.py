# SPDX-License-Identifier: GPL-3.0-or-later
"""Our modules on a real host, run as Ansible runs them, and killed where a test wants it."""

from __future__ import annotations

import io
import json
import tarfile
import typing as t
from pathlib import Path

import ansible

from tests.hosts import commands

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIBRARY = "/opt/quartermaster-tests"
KILLED = 128 + 9

Words = tuple[str, str]


def install(container: t.Any) -> None:
    """Bring our modules to a host."""
    made = commands.run(container, ["mkdir", "-p", LIBRARY])
    assert made.code == 0, made.errors
    container.put_archive(LIBRARY, _pack())


def run(
    container: t.Any,
    module: str,
    options: dict[str, t.Any],
    *,
    die: str = "",
    check: bool = False,
    came_by: str = "",
) -> tuple[dict[str, t.Any], Words]:
    """Return a module's result, empty if it was killed, and all that it printed.

    `die` is the step at which it kills itself; see run_on_host.py. `came_by` is what sshd gives to
    each session as SSH_CONNECTION.
    """
    asked = {
        "module": module,
        "die": die,
        "options": {**options, "_ansible_check_mode": check, "_ansible_diff": True},
    }
    result = commands.run(
        container,
        ["python3", f"{LIBRARY}/run_on_host.py"],
        environment={
            "PYTHONPATH": LIBRARY,
            "ASKED": json.dumps(asked),
            **({"SSH_CONNECTION": came_by} if came_by else {}),
        },
    )
    words = (result.output, result.errors)
    if die:
        assert result.code == KILLED, f"it was not killed: {words}"
        return {}, words
    assert result.output, result.errors
    return json.loads(result.output.strip().splitlines()[-1]), words


def _pack() -> bytes:
    """Return what a module needs to run, as Ansible would send it."""
    core = Path(ansible.__file__).parent
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in (core / "release.py", core / "module_utils"):
            archive.add(path, f"ansible/{path.name}")
        # An empty one, as Ansible sends it: the real one wants the controller's parts.
        archive.addfile(tarfile.TarInfo("ansible/__init__.py"))
        fleet = "ansible_collections/quartermaster/fleet/plugins"
        archive.add(ROOT / "plugins" / "modules", f"{fleet}/modules")
        archive.add(ROOT / "plugins" / "module_utils", f"{fleet}/module_utils")
        archive.add(HERE / "run_on_host.py", "run_on_host.py")
    return buffer.getvalue()
