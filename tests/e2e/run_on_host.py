# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module on the host that it changes, as Ansible does: JSON in and JSON out.

ASKED of the environment is {"module", "options", "die"}. With `die`, as `after:replace` or
`before:run ip address`, the process is killed by SIGKILL when the module gets there: a function of
_host/secret_files or a method of Host, with words only if its arguments begin with them, as the
command that Host.run starts or the path of a file.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import typing as t

from ansible.module_utils import basic

PACKAGES = {"host_access": "_access"}
"""Of modules that are not named after their package."""
UTILS = "ansible_collections.quartermaster.fleet.plugins.module_utils"


def main() -> None:
    """Run the module that is asked for."""
    asked = json.loads(os.environ.pop("ASKED"))
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": asked["options"]}).encode()
    # Since ansible-core 2.19 the arguments say how they are written.
    basic._ANSIBLE_PROFILE = "legacy"
    if asked["die"]:
        # The modules of one role share the Host of theirs.
        subject = asked["module"].partition("_")[0]
        package = PACKAGES.get(asked["module"], f"_{subject}")
        die_at(f"{package}.host", *asked["die"].split(":", 1))
    importlib.import_module(
        f"ansible_collections.quartermaster.fleet.plugins.modules.{asked['module']}"
    ).main()


def die_at(host_module: str, when: str, step: str) -> None:
    """Make this process kill itself before or after a step."""
    name, _, words = step.partition(" ")
    files = importlib.import_module(f"{UTILS}._host.secret_files")
    is_file = hasattr(files, name)
    owner = files if is_file else importlib.import_module(f"{UTILS}.{host_module}").Host
    real = getattr(owner, name)

    def deadly(*args: t.Any, **kwargs: t.Any) -> t.Any:
        # The first argument of a method is the host itself.
        if not " ".join(map(str, args if is_file else args[1:])).startswith(words):
            return real(*args, **kwargs)
        if when == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    setattr(owner, name, deadly)


if __name__ == "__main__":
    main()
