# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a role must know of its host, by one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read what a role must know of its host
version_added: 0.1.0
description:
  - Reads in one task what a role would otherwise ask in many. Changes nothing.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  packages:
    description: Packages of Debian and Ubuntu about which is asked.
    type: list
    elements: str
    default: []
  units:
    description: Units of systemd about which is asked.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode, and does the same.
    support: full
  diff_mode:
    description: Changes nothing, so that there is nothing to show.
    support: none
requirements:
  - systemd on the host
seealso:
  - module: quartermaster.fleet.host_files
  - module: quartermaster.fleet.host_packages
"""

EXAMPLES = r"""
- name: Read the host
  quartermaster.fleet.host_info:
    packages: [sudo, chrony]
    units: [chrony.service]
  register: host
"""

RETURN = r"""
host:
  description: The host.
  returned: success
  type: dict
  contains:
    name:
      description: The host name of the kernel.
      type: str
    distribution:
      description: Name and version of the distribution.
      type: str
    family:
      description: The distribution's ID of os-release(5), and those that it is like.
      type: list
      elements: str
    is_container:
      description: Whether another machine's kernel runs below.
      type: bool
    is_sysctl_writable:
      description: Whether kernel settings can be set.
      type: bool
    is_dpkg_interrupted:
      description: Whether dpkg(1) died in the middle, so that nothing can be installed.
      type: bool
    installed:
      description: Which of O(packages) are installed.
      type: list
      elements: str
    units:
      description: Each of O(units) by its name, with C(is_found), C(is_masked), C(is_enabled) and
        C(is_active).
      type: dict
  sample:
    name: web-1
    distribution: Debian GNU/Linux 12 (bookworm)
    family: [debian]
    is_container: false
    is_sysctl_writable: true
    is_dpkg_interrupted: false
    installed: [sudo]
    units:
      chrony.service: {is_found: false, is_masked: false, is_enabled: false, is_active: false}
code:
  description: Kind of the failure, V(tool_missing) or V(command_failed).
  returned: failure
  type: str
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._host.host import (
    Host,
    Unit,
    find_distribution,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import FleetModule


class HostInfo(FleetModule):
    """The host on which the module runs."""

    represent = "host"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "packages": {"type": "list", "elements": "str", "default": []},
        "units": {"type": "list", "elements": "str", "default": []},
    }

    def __init__(self) -> None:
        super().__init__()
        self._host = Host(self.module)
        self._found: dict[str, t.Any] = {}

    def read(self) -> None:
        """Read the host."""
        distribution, family = find_distribution()
        units = self._host.read_units(self.params["units"])
        self._found = {
            "name": self._host.find_name(),
            "distribution": distribution,
            "family": family,
            "is_container": self._host.is_container(),
            "is_sysctl_writable": self._host.is_sysctl_writable(),
            "is_dpkg_interrupted": self._host.is_dpkg_interrupted(),
            "installed": self._host.find_installed(self.params["packages"]),
            "units": {name: _describe(unit) for name, unit in units.items()},
        }

    def _prepare_result(self) -> dict[str, t.Any]:
        return self._found


def _describe(unit: Unit) -> dict[str, bool]:
    return {
        name: getattr(unit, name) for name in ("is_found", "is_masked", "is_enabled", "is_active")
    }


def main() -> None:
    """Read the host."""
    host = HostInfo()
    host.run(host.read)


if __name__ == "__main__":
    main()
