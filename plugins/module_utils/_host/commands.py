# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs on the host of a module: found, bounded in time, their failures as sentences."""

from __future__ import annotations

import typing as t

from .._module import Failure

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class HostCommands:
    """The host that the module runs on; secrets go to programs by standard input or file."""

    packages: t.ClassVar[t.Mapping[str, str]] = {}
    """From a program to the package that provides it, where their names differ."""
    timeout_s: t.ClassVar[int] = 30

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._secrets: set[str] = set()

    def hide(self, secret: str | None) -> None:
        """Keep a secret out of every message and result from now on."""
        if secret:
            self._secrets.add(secret)
            self._module.no_log_values.add(secret)

    def has(self, program: str) -> bool:
        """Return whether a program is installed."""
        return self._module.get_bin_path(program) is not None

    def need(self, program: str) -> str:
        """Return the path of a program.

        :raises Failure: if it is missing, with the package that provides it.
        """
        path = self._module.get_bin_path(program)
        if path is None:
            package = self.packages.get(program, program)
            raise Failure(
                f"{program} is missing on this host; install the package {package}",
                code="tool_missing",
            )
        return str(path)

    def run(self, *command: str, data: str | None = None) -> str:
        """Return what a program prints.

        :raises Failure: if it is missing or fails, with its own words less the secrets.
        """
        code, out, error = self.call(*command, data=data)
        if code:
            words = self.clean(error.strip() or out.strip()) or f"exit status {code}"
            raise Failure(f"`{' '.join(command)}` failed: {words}", code="command_failed")
        return out

    def call(self, *command: str, data: str | None = None) -> tuple[int, str, str]:
        """Return exit status, output and errors of a program, which timeout(1) ends if it hangs.

        :raises Failure: if it is missing, with the package that provides it.
        """
        words = [self.need(command[0]), *command[1:]]
        if self.has("timeout"):
            # On a terminal, as SSH without pipelining gives one, the system would stop a program of
            # a group in the background that sets the terminal's modes, as apt-get does.
            words = [self.need("timeout"), "--foreground", str(self.timeout_s), *words]
        code, out, error = self._module.run_command(
            words, data=data, environ_update={"LC_ALL": "C.UTF-8"}
        )
        return int(code), str(out), str(error)

    def clean(self, text: str) -> str:
        """Return a program's words without the secrets: it may repeat what it cannot parse."""
        for secret in self._secrets:
            text = text.replace(secret, "(secret)")
        return text
