# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install packages of Debian and Ubuntu, and remove none that nobody named."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_packages
short_description: Install packages, and remove none that nobody named
version_added: 0.1.0
description:
  - Installs the packages that lack, by apt-get(8). Where none lacks, apt is not asked, so that a
    source of packages that does not answer stops nobody.
  - An installation that was interrupted is finished first, as C(dpkg --configure -a) does.
  - An installation that would remove a package is refused, unless O(may_remove) has it.
  - Packages that are only recommended are left out. Changed files of settings stay as they are.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  names:
    description: Packages that shall be installed, in any version.
    type: list
    elements: str
    required: true
  may_remove:
    description: Packages that may be removed, since they conflict with those.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode and report what would be installed. It brings the lists of
      packages up to date, for it could not know otherwise, and changes nothing else.
    support: full
  diff_mode:
    description: Shows the packages that are installed and removed.
    support: full
requirements:
  - apt-get(8) on the host
seealso:
  - module: quartermaster.fleet.host_info
"""

EXAMPLES = r"""
- name: Sudo and chrony are installed
  quartermaster.fleet.host_packages:
    names: [sudo, chrony]
    may_remove: [systemd-timesyncd]
"""

RETURN = r"""
changes:
  description: What was changed, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["chrony: installed", "systemd-timesyncd: removed"]
code:
  description: Kind of the failure, V(would_remove), V(not_installed), V(tool_missing) or
    V(command_failed).
  returned: failure
  type: str
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._host.packages import (
    PackageHost,
    Steps,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)

NAMES: dict[str, t.Any] = {"type": "list", "elements": "str"}


class HostPackages(FleetModule):
    """Packages that shall be installed."""

    represent = "changes"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "names": {**NAMES, "required": True},
        "may_remove": {**NAMES, "default": []},
    }

    def __init__(self) -> None:
        super().__init__()
        self._host = PackageHost(self.module)
        self._changes: list[str] = []

    def present(self) -> None:
        """Install what lacks.

        :raises Failure: if apt cannot, or would remove what nobody named.
        """
        names = self.params["names"]
        lacking = set(names) - set(self._host.find_installed(names))
        if self._host.is_dpkg_interrupted():
            self._changes.append("dpkg: interrupted installation finished")
            self._change(self._host.finish_interrupted)
        if lacking:
            self._install(sorted(lacking))

    def _install(self, lacking: list[str]) -> None:
        problems = self._host.refresh_lists()
        steps = self._host.plan(lacking, problems)
        self._refuse_removals(steps, lacking)
        self._changes += [f"{name}: installed" for name in steps.installed]
        self._changes += [f"{name}: removed" for name in steps.removed]
        self._show_diff(
            "".join(f"{name}\n" for name in steps.removed),
            "".join(f"{name}\n" for name in steps.installed),
            header="packages",
        )
        self._change(self._host.install, lacking)
        if steps.removed:
            self.module.warn(
                f"{', '.join(steps.removed)} conflicted with {', '.join(lacking)} and "
                f"{'would be' if self.check_mode else 'was'} removed, as may_remove allows"
            )
        if problems:
            self.module.warn(f"some lists of packages are not up to date: {'; '.join(problems)}")

    def _refuse_removals(self, steps: Steps, lacking: list[str]) -> None:
        kept = sorted(set(steps.removed) - set(self.params["may_remove"]))
        if kept:
            raise Failure(
                f"refused, nothing was changed: to install {', '.join(lacking)}, apt would remove "
                f"{', '.join(kept)}. Remove it yourself if it is not needed, or name it in "
                "may_remove",
                code="would_remove",
            )

    def _prepare_result(self) -> list[str]:
        return self._changes


def main() -> None:
    """Install the packages."""
    packages = HostPackages()
    packages.run(packages.present)


if __name__ == "__main__":
    main()
