# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a node's firewall, and take new rules back that nobody could confirm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_rules
short_description: Keep a firewall that cannot lock out who keeps it
version_added: 0.1.0
description:
  - Keeps the table C(inet quartermaster) of nftables. Other tables, as those of Docker, are not
    touched. What no rule lets in is dropped, and refused by ICMP within the mesh. Loopback,
    answers, the ICMP and ICMPv6 that hosts need, and WireGuard always pass.
  - New rules are a trial. A timer of systemd on the host is started before they run, and restores
    the table as it was after O(confirm_timeout) seconds, whatever happens to the controller. The
    action plugin of the same name closes the connection, comes in by a fresh one and confirms the
    change; only then it is saved for the next boot.
  - The address from which Ansible comes in is checked against the rules before anything changes.
    What leaves (O(outbound)) cannot keep it out, as answers always may.
  - The rules are checked by C(nft -c) as a whole, and replace the old ones in one transaction.
  - The running table is compared with the wanted one in each run, also if the file is as it
    should be.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.trial
  - quartermaster.fleet.zones
options:
  state:
    description:
      - V(present) keeps the rules.
      - V(absent) removes table, unit and file.
      - V(confirmed) ends the trial O(change) well. The action plugin does it.
    type: str
    choices: [present, absent, confirmed]
    default: present
  rules:
    description: What is let in, as P(quartermaster.fleet.firewall_policy#filter) makes it.
    type: list
    elements: dict
    default: []
    suboptions:
      comment:
        description: What the rule is for; a comment in the table.
        type: str
        required: true
      sources:
        description: Networks, and zones as V(@app), from which it lets in; none means anywhere.
        type: list
        elements: str
        default: []
      tcp:
        description: Ports, and ranges as V(8000-8999).
        type: list
        elements: str
        default: []
      udp:
        description: Ports, and ranges as V(8000-8999).
        type: list
        elements: str
        default: []
  zones:
    default: {}
  outbound:
    description: Whether all may leave this host, or with V(drop) only what O(reach) lists. Answers,
      ICMP, DHCP and WireGuard always may. Who is refused gets an ICMP error.
    type: str
    choices: [accept, drop]
    default: accept
  reach:
    description: What may leave with O(outbound=drop), as
      P(quartermaster.fleet.firewall_reach#filter) makes it.
    type: list
    elements: dict
    default: []
    suboptions:
      comment:
        description: What the rule is for; a comment in the table.
        type: str
        required: true
      destinations:
        description: Networks, and zones as V(@db), to which it lets out; none means anywhere.
        type: list
        elements: str
        default: []
      tcp:
        description: Ports, and ranges as V(8000-8999).
        type: list
        elements: str
        default: []
      udp:
        description: Ports, and ranges as V(8000-8999).
        type: list
        elements: str
        default: []
  mesh_interface:
    description: Interface of the mesh.
    type: str
    default: wg0
  mesh_prefix:
    description: Network of the mesh. Its addresses are let in by O(mesh_interface) alone.
    type: str
    default: ""
  mesh_port:
    description: UDP port of WireGuard, open to anywhere.
    type: int
  forward:
    description: Whether packets are passed on that are for others. V(drop) stops what containers
      of this host offer, too.
    type: str
    choices: [accept, drop]
    default: accept
  check_controller:
    description: Whether rules are refused that would keep out the address Ansible comes from.
    type: bool
    default: true
attributes:
  check_mode:
    description: Can run in check mode and report what would change, also before nftables is there.
    support: full
  diff_mode:
    description: Shows the table as it runs and as it should.
    support: full
requirements:
  - nft(8), ip(8), unshare(1) and flock(1) on the host, and systemd
seealso:
  - plugin: quartermaster.fleet.firewall_policy
    plugin_type: filter
  - module: quartermaster.fleet.firewall_members
"""

EXAMPLES = r"""
- name: SSH is open to all, PostgreSQL to two nodes of the mesh
  quartermaster.fleet.firewall_rules:
    mesh_prefix: 10.8.0.0/24
    mesh_port: 51820
    rules:
      - comment: ssh from any
        tcp: [22]
      - comment: db from app
        sources: ["@app"]
        tcp: [5432]
    zones:
      app: [10.8.0.2, 10.8.0.3]
"""

RETURN = r"""
firewall:
  description: The firewall as it is, in check mode as it would be. Null if it is absent.
  returned: success
  type: dict
  contains:
    table:
      description: The table as nftables lists it.
      type: str
    change:
      description: Name of the trial that waits for its confirmation, null if there is none.
      type: str
    controller:
      description: Address from which Ansible came in, null if it did not come by SSH.
      type: str
changes:
  description: What was changed or would be, a few words each.
  returned: success
  type: list
  elements: str
  sample: ["table: replaced"]
packages:
  description: What the host lacks; in check mode, what has to be installed before these rules.
  returned: if nftables is missing
  type: list
  elements: str
code:
  description:
    - Kind of the failure. V(refused) and V(locked_out) before anything changed, V(rolled_back) and
      V(not_fresh) at the confirmation.
    - Others are V(unsafe_file), V(tool_missing), V(not_armed) and V(command_failed).
  returned: failure
  type: str
"""

import ipaddress
import os
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.host import Host
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import render
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import (
    Policy,
    Refused,
    parse_policy,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.ssh_connection import (
    find_connection,
    parse_connection,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.trial import (
    TRIAL_OPTIONS,
    check_confirmation,
    check_timeout,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)

PACKAGES = ["nftables"]
TEXTS = {"type": "list", "elements": "str", "default": []}


def _rules(others: str) -> dict[str, t.Any]:
    """Return the specification of a list of rules; `others` are those whom they let in or reach."""
    rule = {"comment": {"type": "str", "required": True}, others: TEXTS, "tcp": TEXTS, "udp": TEXTS}
    return {"type": "list", "elements": "dict", "default": [], "options": rule}


class FirewallRules(FleetModule):
    """The table of one host."""

    represent = "firewall"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "state": {
            "type": "str",
            "choices": ["present", "absent", "confirmed"],
            "default": "present",
        },
        "rules": _rules("sources"),
        "zones": {"type": "dict", "default": {}},
        "outbound": {"type": "str", "choices": ["accept", "drop"], "default": "accept"},
        "reach": _rules("destinations"),
        "mesh_interface": {"type": "str", "default": "wg0"},
        "mesh_prefix": {"type": "str", "default": ""},
        "mesh_port": {"type": "int"},
        "forward": {"type": "str", "choices": ["accept", "drop"], "default": "accept"},
        "check_controller": {"type": "bool", "default": True},
        **TRIAL_OPTIONS,
    }
    rules: t.ClassVar[dict[str, t.Any]] = {"required_if": [("state", "confirmed", ["change"])]}

    def __init__(self) -> None:
        super().__init__()
        self._host = Host(self.module)
        self._connection = find_connection(os.environ, os.getppid())
        self._table = ""
        self._trial: str | None = None
        self._changes: list[str] = []
        self.extra_results["changes"] = self._changes

    def present(self) -> None:
        """Try out the wanted rules if they are not those that run and that a boot loads."""
        policy = self._parse()
        text = render(policy)
        if not self._host.has("nft"):
            self._check_controller(policy)
            if not self.check_mode:
                raise Failure(
                    f"nft is missing on this host; install {', '.join(PACKAGES)}",
                    code="tool_missing",
                    packages=PACKAGES,
                )
            self.extra_results["packages"] = PACKAGES
            self._start(text, "", text)
            return
        with self._host.locked():
            wanted = self._host.normalise(text)
            if self._host.read_pending() is not None:
                # A run was killed in the middle of its trial: restore the confirmed table.
                self._changes.append("trial of a killed run: taken back")
                self._change(self._host.roll_back)
            running = self._host.read_table()
            if running != wanted or self._host.read_saved() != text:
                self._check_controller(policy)
                self._start(text, running, wanted)
            elif not self._host.has_unit():
                self._changes.append("unit: enabled")
                self._change(self._host.install_unit)
        self._table = wanted

    def confirmed(self) -> None:
        """Keep the rules that run, since a fresh connection got through them."""
        with self._host.locked():
            pending = check_confirmation(
                self._host.read_pending(), self.params["change"], self._connection, "the firewall"
            )
            self._change(self._keep, pending["text"])
            self._table = self._host.read_table()

    def absent(self) -> None:
        """Remove the firewall."""
        with self._host.locked():
            running = self._host.read_table() if self._host.has("nft") else ""
            if running or self._host.read_saved() is not None:
                self._show_diff(running, "", header="firewall")
                self._changes.append("table: removed")
                self._change(self._host.settle)
                self._change(self._host.uninstall)

    def _parse(self) -> Policy:
        check_timeout(self.params["confirm_timeout"])
        try:
            return parse_policy(self.params)
        except Refused as error:
            raise Failure(
                f"refused, nothing was changed: {error}", code="refused", reasons=error.reasons
            ) from None

    def _check_controller(self, policy: Policy) -> None:
        """Refuse rules that would keep out who brings them.

        :raises Failure: if they would.
        """
        connection = parse_connection(self._connection)
        if connection is None or not self.params["check_controller"]:
            return
        interface = self._host.interface_of(connection.server)
        source = ipaddress.ip_address(connection.client)
        if interface != "lo" and not policy.lets_in(source, interface, "tcp", connection.port):
            raise Failure(
                f"refused, nothing was changed: Ansible comes in from {connection.client} to port "
                f"{connection.port} of {interface or connection.server}, and the new rules do not "
                "let that in; add the address to firewall_ssh_sources",
                code="locked_out",
            )

    def _start(self, text: str, running: str, wanted: str) -> None:
        self._show_diff(running, wanted, header="firewall")
        self._changes.append("table: replaced" if running != wanted else "file: written")
        timeout_s = self.params["confirm_timeout"]
        self._trial = self._change(self._host.try_out, text, running, timeout_s, self._connection)

    def _keep(self, text: str) -> None:
        """Save what was confirmed, then end the trial: a kill in between is finished by a run."""
        self._host.save(text)
        self._host.install_unit()
        self._host.settle()

    def _prepare_result(self) -> dict[str, t.Any] | None:
        if self.params["state"] == "absent":
            return None
        connection = parse_connection(self._connection)
        return {
            "table": self._table,
            "change": self._trial,
            "controller": connection.client if connection else None,
        }


def main() -> None:
    """Keep, confirm or remove the firewall."""
    firewall = FirewallRules()
    acts = {
        "present": firewall.present,
        "absent": firewall.absent,
        "confirmed": firewall.confirmed,
    }
    firewall.run(acts[firewall.params["state"]])


if __name__ == "__main__":
    main()
