# SPDX-License-Identifier: Apache-2.0
"""The settings with which Ansible runs by Mitogen: those of docs/mitogen.md."""

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "mitogen.md"


def get_settings() -> dict[str, str]:
    """Return what the page's own lines set, in the environment of these tests."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("export ")]
    script = "\n".join([*lines, "env -0"])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", script], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    variables = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    return {name: text for name, text in variables.items() if name.startswith("ANSIBLE_")}
