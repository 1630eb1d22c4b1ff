# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `server` or `server_info` as Ansible does: a process, JSON in and JSON out.

Usage: `run_module.py MODULE [STEP]`, options as JSON on standard input. With a STEP the process is
killed by SIGKILL when the module reaches it: a call of the engine's API, as
`after:create_container` or `before:start`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import typing as t

from ansible.module_utils import basic


def main() -> None:
    """Run the module with the options of standard input."""
    name, *steps = sys.argv[1:]
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.load(sys.stdin)}).encode()
    # Since ansible-core 2.19 the arguments say how they are written.
    basic._ANSIBLE_PROFILE = "legacy"
    for step in steps:
        die_at(*step.split(":"))
    importlib.import_module(
        f"ansible_collections.quartermaster.fleet.plugins.modules.{name}"
    ).main()


def die_at(when: str, call: str) -> None:
    """Make this process kill itself before or after a call of the engine's API."""
    from docker import APIClient  # noqa: PLC0415 - the module under test says what is missing

    real = getattr(APIClient, call)

    def deadly(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if when == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(APIClient, call, deadly)


if __name__ == "__main__":
    main()
