# SPDX-License-Identifier: Apache-2.0
"""Runs of Ansible's programs with our collection, and with nothing else of this machine."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.processes import clean_environment
from tests.cores import get_oldest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "inventory" / "quartermaster.py"
TIMEOUT_S = 600
#: What the tests run on: the newest core, beside this Python, and the oldest one.
CORES = ("newest", "oldest")
CONFIG = f"""
[defaults]
collections_path = {ROOT / "collections"}
retry_files_enabled = false
[inventory]
enable_plugins = quartermaster.fleet.quartermaster, ansible.builtin.script,
    ansible.builtin.yaml, ansible.builtin.ini
any_unparsed_is_failed = true
"""


def get_core(name: str) -> Path:
    """Return the folder of a core's programs."""
    return get_oldest() if name == "oldest" else Path(sys.executable).parent


@dataclass
class Ansible:
    """One ansible-core with a folder, a home and settings of its own."""

    core: Path
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the settings and the simplest source."""
        (self.folder / "ansible.cfg").write_text(CONFIG)
        self.source("fleet")

    def source(self, name: str, text: str = "") -> Path:
        """Write a source file of the inventory plugin."""
        path = self.folder / f"{name}.quartermaster.yml"
        path.write_text(f"plugin: quartermaster.fleet.quartermaster\n{text}")
        return path

    def environment(self, **more: str) -> dict[str, str]:
        """Return what its programs see."""
        return clean_environment(
            HOME=str(self.folder),
            ANSIBLE_CONFIG=str(self.folder / "ansible.cfg"),
            ANSIBLE_HOME=str(self.folder / ".ansible"),
            ANSIBLE_LOCAL_TEMP=str(self.folder / ".ansible" / "tmp"),
            QM_CACHE_DIR=str(self.folder / "cache"),
            PATH=f"{self.core}{os.pathsep}{os.environ['PATH']}",
            **{**self.settings, **more},
        )

    def run(
        self, program: str, *arguments: str | Path, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Return the finished run; its exit code is for the caller to judge."""
        return subprocess.run(
            [self.core / program, *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def inventory(self, source: Path, **more: str) -> dict[str, Any]:
        """Return what ansible-inventory makes of a source: hosts and variables, marks removed."""
        done = self.run("ansible-inventory", "-i", source, "--list", **more)
        assert done.returncode == 0, done.stderr
        return unwrap(json.loads(done.stdout))

    def script(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Return a run of the inventory script, from a folder that has nothing to do with it."""
        return subprocess.run(
            [SCRIPT, *arguments],
            cwd="/",
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )


def unwrap(value: Any) -> Any:
    """Return the value without the marks that say that text is data."""
    if isinstance(value, dict):
        if value.keys() == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: unwrap(inner) for key, inner in value.items()}
    return [unwrap(inner) for inner in value] if isinstance(value, list) else value
