# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs are run with a time limit, on a terminal too."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._host.commands import HostCommands


class TerminalModule:
    """Runs programs in the foreground of a terminal, as SSH with a terminal runs a module."""

    def get_bin_path(self, program: str) -> str | None:
        return shutil.which(program)

    def run_command(self, words: list[str], **_options: t.Any) -> tuple[int, str, str]:
        master, slave = pty.openpty()
        try:
            ended = subprocess.run(
                ["setsid", "--ctty", "--wait", *words],
                stdin=slave,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        finally:
            os.close(master)
            os.close(slave)
        return ended.returncode, ended.stdout, ended.stderr


def test_a_program_may_set_the_modes_of_its_terminal() -> None:
    """As apt-get does; of a group in the background it would be stopped, and wait for ever."""
    code, _out, error = HostCommands(t.cast("t.Any", TerminalModule())).call("stty", "sane")
    assert (code, error) == (0, "")


def test_a_program_that_hangs_is_ended() -> None:
    class Hasty(HostCommands):
        timeout_s = 1

    assert Hasty(t.cast("t.Any", TerminalModule())).call("sleep", "60")[0] == 124
