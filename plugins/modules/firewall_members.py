# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the members of the zones in a node's firewall."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_members
short_description: Keep the members of the zones in a firewall
version_added: 0.1.0
description:
  - Gives the sets of the table C(inet quartermaster) their addresses, in the running table and in
    the file that a boot loads. Rules are not touched, so that this is safe from another play than
    the one that makes the rules, with none of its variables.
  - A zone that no rule of the host names has no set, and is passed over. Sets of zones that
    O(zones) lacks stay as they are.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.zones
options:
  zones:
    required: true
attributes:
  check_mode:
    description: Can run in check mode and report what would change.
    support: full
  diff_mode:
    description: Shows the sets as they are and as they should be.
    support: full
requirements:
  - nft(8) on the host
seealso:
  - module: quartermaster.fleet.firewall_rules
"""

EXAMPLES = r"""
- name: The database knows the applications
  quartermaster.fleet.firewall_members:
    zones:
      app: [10.8.0.2, 10.8.0.3, 10.8.0.4]
"""

RETURN = r"""
zones:
  description: The zones that the host's rules name, with their addresses; in check mode as they
    would be.
  returned: success
  type: dict
  sample: {app: [10.8.0.2, 10.8.0.3]}
changes:
  description: What was changed or would be, a few words each.
  returned: success
  type: list
  elements: str
  sample: ["app: 10.8.0.4 added"]
code:
  description:
    - Kind of the failure. V(not_set_up) if the role firewall never ran there, V(pending) while
      new rules wait for their confirmation; nothing was changed then.
    - Others are V(refused), V(unsafe_file), V(tool_missing) and V(command_failed).
  returned: failure
  type: str
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.host import Host
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import (
    fill_zones,
    read_zones,
    replace_zones,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import (
    parse_zones,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)


class FirewallMembers(FleetModule):
    """The sets of one host's table."""

    represent = "zones"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {"zones": {"type": "dict", "required": True}}

    def __init__(self) -> None:
        super().__init__()
        self._host = Host(self.module)
        self._zones: dict[str, list[str]] = {}
        self._changes: list[str] = []
        self.extra_results["changes"] = self._changes

    def present(self) -> None:
        """Bring the sets to the wanted addresses: the running ones first, then the saved ones."""
        wanted = self._parse()
        with self._host.locked():
            self._bring(wanted)

    def _bring(self, wanted: dict[str, tuple[t.Any, ...]]) -> None:
        saved = self._host.read_saved()
        running = read_zones(self._host.read_table()) if saved else {}
        if saved is None or read_zones(saved).keys() - running.keys():
            raise Failure(
                "nothing was changed: this host has no firewall of ours that runs as it is saved; "
                "run the role firewall on it",
                code="not_set_up",
            )
        if self._host.read_pending() is not None:
            raise Failure(
                "nothing was changed: new rules wait for their confirmation; come again",
                code="pending",
            )
        ours = {zone: wanted[zone] for zone in running if zone in wanted}
        after = {zone: [str(address) for address in ours.get(zone, ())] for zone in ours}
        self._zones = {**running, **after}
        self._compare(running, after)
        if self._changes:
            self._change(self._host.apply, fill_zones(ours))
        text = replace_zones(saved, ours)
        if text != saved:
            if not self._changes:
                self._changes.append("file: written")
            self._change(self._host.save, text)

    def _compare(self, before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
        for zone, addresses in sorted(after.items()):
            had, has = set(before[zone]), set(addresses)
            self._changes += [f"{zone}: {address} added" for address in sorted(has - had)]
            self._changes += [f"{zone}: {address} removed" for address in sorted(had - has)]
        if self._changes:
            self._show_diff(_show(before), _show({**before, **after}), header="zones")

    def _parse(self) -> dict[str, tuple[t.Any, ...]]:
        reasons: list[str] = []
        zones = parse_zones(self.params["zones"], reasons)
        if reasons:
            raise Failure(
                f"refused, nothing was changed: {'; '.join(reasons)}",
                code="refused",
                reasons=reasons,
            )
        return zones

    def _prepare_result(self) -> dict[str, list[str]]:
        return self._zones


def _show(zones: dict[str, list[str]]) -> str:
    return "".join(f"{zone}: {', '.join(found)}\n" for zone, found in sorted(zones.items()))


def main() -> None:
    """Give the sets their addresses."""
    subject = FirewallMembers()
    subject.run(subject.present)


if __name__ == "__main__":
    main()
