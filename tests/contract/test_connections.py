# SPDX-License-Identifier: Apache-2.0
"""How Ansible connects by the settings of this repository."""

import os
import subprocess
import sys
from pathlib import Path

from tests.contract.processes import clean_environment

ROOT = Path(__file__).parents[2]
#: Stands for ssh: its first connection is lost, as by a session that is killed.
LOST_ONCE = """#!/bin/sh
if mkdir "$(dirname "$0")/lost"; then exit 255; fi
echo answered
"""


def test_a_connection_that_is_lost_once_leaves_no_host_out(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(LOST_ONCE, "utf-8")
    ssh.chmod(0o700)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "adhoc", "all", "-i", "web,"),
            *("-m", "ansible.builtin.raw", "-a", "true"),
        ],
        env=clean_environment(
            PATH=os.environ["PATH"],
            HOME=str(tmp_path),
            ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
            ANSIBLE_SSH_EXECUTABLE=str(ssh),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "answered" in done.stdout
    assert (tmp_path / "lost").is_dir()
