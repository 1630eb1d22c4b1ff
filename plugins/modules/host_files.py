# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring small files, the units that read them, and kernel settings to what is wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Keep small files, units and kernel settings
version_added: 0.1.0
description:
  - Brings all small files that a role wants on a host, the units that read them, and kernel
    settings to what is wanted, in one task.
  - Everything is read, and each new file is checked by its program, before the first is written.
    Each file is replaced in one step. A run that is killed anywhere is finished by the next.
  - Contents are compared, never times. What a unit has read is known from a record in /run, which
    is emptied before a file that it reads is written. A unit that is not active is not restarted,
    since it reads its files when it starts.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  files:
    description: Small files of root, without secrets.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is, an absolute path. Folders that are missing are made.
        type: path
        required: true
      content:
        description: All of its content. Without it there shall be no such file.
        type: str
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0644"
      folder_mode:
        description: The mode of its folder, in octal digits. Without it an existing folder is left
          as it is.
        type: str
      validate:
        description: A command that fails if the file is wrong; C(%s) is the path of a copy.
        type: str
  units:
    description: Units of systemd.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name, with its ending.
        type: str
        required: true
      enabled:
        description: Whether a boot starts it. Left as it is by default.
        type: bool
      active:
        description: Whether it runs. Left as it is by default.
        type: bool
      reads:
        description: Patterns of the files that it reads. It is restarted if it has not read them
          as they are.
        type: list
        elements: str
        default: []
      on_change:
        description: Whether it is restarted, or reloaded if it can be.
        type: str
        choices: [restart, reload]
        default: restart
  sysctl:
    description: Kernel settings in force, name to value. To have them after a boot takes a file.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Can run in check mode and report what would change. A unit that is not installed
      yet counts as one that would be enabled and started.
    support: full
  diff_mode:
    description: Shows each file that changes. Do not keep secrets with this module.
    support: full
requirements:
  - systemd on the host
seealso:
  - module: quartermaster.fleet.host_info
"""

EXAMPLES = r"""
- name: Journald has its limits
  quartermaster.fleet.host_files:
    files:
      - path: /etc/systemd/journald.conf.d/limits.conf
        content: |
          [Journal]
          SystemMaxUse=500M
    units:
      - name: systemd-journald.service
        reads: [/etc/systemd/journald.conf, /etc/systemd/journald.conf.d/*.conf]
"""

RETURN = r"""
changes:
  description: What was changed, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample:
    - "/etc/systemd/journald.conf.d/limits.conf: written (missing)"
    - "systemd-journald.service: restarted, for it had not read its files"
code:
  description: Kind of the failure, V(refused) before anything was changed; V(unsafe_file),
    V(not_written), V(tool_missing) or V(command_failed).
  returned: failure
  type: str
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._host.wanted_state import (
    WantedState,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import FleetModule


class HostFiles(FleetModule):
    """Files, units and kernel settings of the host on which the module runs."""

    represent = "changes"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "path": {"type": "path", "required": True},
                "content": {"type": "str"},
                "mode": {"type": "str", "default": "0644"},
                "folder_mode": {"type": "str"},
                "validate": {"type": "str"},
            },
        },
        "units": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True},
                "enabled": {"type": "bool"},
                "active": {"type": "bool"},
                "reads": {"type": "list", "elements": "str", "default": []},
                "on_change": {"choices": ["restart", "reload"], "default": "restart"},
            },
        },
        "sysctl": {"type": "dict", "default": {}},
    }

    def __init__(self) -> None:
        super().__init__()
        self._state = WantedState(self.module, self._change)

    def present(self) -> None:
        """Bring the host to what is wanted."""
        self._state.keep()

    def _prepare_result(self) -> list[str]:
        return self._state.changes

    def _assemble(self, result: t.Any) -> dict[str, t.Any]:
        """Add what --diff shows: one part for each file."""
        answer = super()._assemble(result)
        if self.module._diff and self._state.diffs:  # noqa: SLF001 - Ansible's own name for --diff
            answer["diff"] = self._state.diffs
        return answer


def main() -> None:
    """Keep the files, units and kernel settings."""
    files = HostFiles()
    files.run(files.present)


if __name__ == "__main__":
    main()
