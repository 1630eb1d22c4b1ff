# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a WireGuard interface as it should be, in its file and as it runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wireguard_interface
short_description: Keep a WireGuard interface as it should be, without restarting it
version_added: 0.1.0
description:
  - Joins the private key of the host and the given peers to the whole file
    C(/etc/wireguard/NAME.conf) of wg-quick(8), mode 0600, and has C(wg-quick@NAME) enabled, so
    that the interface is back after a boot.
  - Compares the running interface with that, in each run, also if the file is as it should be, and
    repairs what differs while traffic flows. Keys, port and peers by C(wg syncconf); addresses,
    MTU and routes by ip(8). An interface that is missing is brought up.
  - An endpoint that moved is left alone while handshakes arrive from there; that is roaming.
  - Routes through the interface that nobody needs any more are removed, unless a routing daemon
    or the kernel made them or they have a gateway.
  - Works with the kernel's WireGuard, and with wireguard-go where the kernel has none.
  - With O(recorded_key), a host that cannot have the interface yet is left as it is, and what it
    lacks is returned. So a run that finds a mesh in order takes this one task.
  - Everything is checked before anything is touched. Refused are wrong values, two peers with
    one name, key or allowed IP, a peer with the key or address of this host, an endpoint inside
    the tunnels, and addresses or allowed IPs that would take traffic of other interfaces.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.interface
options:
  state:
    description:
      - V(present) keeps the interface.
      - V(absent) takes it down, disables its unit and removes its file. The private key's own
        file stays.
    type: str
    choices: [present, absent]
    default: present
  address:
    description: The interface's own addresses with prefix length, for example V(10.8.0.1/24). The
      network is routed into the interface as a whole.
    type: list
    elements: str
  listen_port:
    description: UDP port that peers reach. Without it WireGuard chooses one at each start.
    type: int
  mtu:
    description: Largest packet in the tunnel, 1280 to 9216. Without it wg-quick(8) chooses.
    type: int
  private_key_file:
    description:
      - File with the private key, made by M(quartermaster.fleet.wireguard_key).
      - Without it, C(/etc/wireguard/NAME.key), and with O(purge_peers=false) the key that the
        interface has.
    type: path
  recorded_key:
    description:
      - The public key by which the peers call this host, empty if it has published none. Without
        it, nothing of this is checked.
      - If the host lacks a program that the interface needs, or its private key is missing, is
        unprotected or belongs to another public key, nothing is changed and RV(lacking) is
        returned.
    type: str
  userspace:
    description: With O(recorded_key), whether the host needs wireguard-go. V(auto) is where the
      kernel has no WireGuard.
    type: str
    choices: [auto, always, never]
    default: auto
  forward:
    description: Whether the host passes on packets between its peers. V(true) has the kernel
      forward packets of the IP versions of O(address), now and after a boot by
      C(/etc/sysctl.d/60-NAME.conf). V(false) leaves that as it is.
    type: bool
    default: false
  peers:
    description: The other ends.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the peer, by which messages and diffs call it.
        type: str
        required: true
      public_key:
        description: Its public key.
        type: str
        required: true
      next_public_key:
        description: The key that the peer changes to, or came from, while it is being rotated. The
          host lets the peer in under the one that it uses, and follows it from one to the other
          for an hour, without losing packets. It needs systemd.
        type: str
      preshared_key:
        description: Secret that both ends have besides their keys. Empty for none; left out, it
          stays as it is with O(purge_peers=false), and is none with O(purge_peers=true). A tunnel
          in use goes on for at most three minutes while one end has it and the other has not.
        type: str
      endpoint:
        description: Address and port, as V(192.0.2.1:51820) or V([2001:db8::1]:51820). A name is
          refused, because one that does not resolve would stop the change of all peers. Without
          an endpoint, the peer has to start the conversation.
        type: str
      allowed_ips:
        description: Networks that are behind the peer. A default route is refused.
        type: list
        elements: str
      persistent_keepalive:
        description: Seconds between packets that keep a NAT open; V(0) sends none.
        type: int
  purge_peers:
    description:
      - V(true) makes the given peers the only ones, and the given settings the only ones.
      - V(false) adds and changes the given peers, and keeps other peers and all that is left out.
        The interface must have been set up. A peer with the name or the key of a known one
        replaces it. The file is the truth about the others; peers that run without standing in it
        are removed.
    type: bool
    default: true
  keep_peers:
    description: Names of peers that O(purge_peers) keeps if they are there, though they are not
      given; for nodes about which too little is known at the moment.
    type: list
    elements: str
    default: []
  allow_empty:
    description: With O(purge_peers=true), an interface that has peers loses the last one only if
      this is V(true). So an empty list by mistake does not cut all tunnels.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode and report what would change, also before WireGuard or the
      private key are there.
    support: full
  diff_mode:
    description: Shows file and running interface; peers by name, endpoint, allowed IPs and a
      fingerprint, never a key.
    support: full
requirements:
  - wg(8) and wg-quick(8) on the host, from the package wireguard-tools, and ip(8)
  - wireguard-go where the kernel has no WireGuard
seealso:
  - module: quartermaster.fleet.wireguard_key
  - plugin: quartermaster.fleet.mesh_peers
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The mesh interface has exactly its peers
  quartermaster.fleet.wireguard_interface:
    name: wg0
    address: 10.8.0.1/24
    listen_port: 51820
    mtu: 1420
    peers:
      - name: shop-prod-web-1
        public_key: HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=
        endpoint: 192.0.2.7:51820
        allowed_ips: [10.8.0.2/32]

- name: A node that is not in this play learns of the new peer
  quartermaster.fleet.wireguard_interface:
    purge_peers: false
    peers: "{{ nodes | quartermaster.fleet.mesh_peers('shop-prod-web-1') }}"
  delegate_to: shop-prod-web-1
"""

RETURN = r"""
interface:
  description: The interface as it is, in check mode as it would be. Null if it is absent, or if
    the host lacks something.
  returned: success
  type: dict
  sample:
    name: wg0
    public_key: HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=
    address: [10.8.0.1/24]
    listen_port: 51820
    mtu: 1420
    peers: [shop-prod-web-1]
changes:
  description: What was changed or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["file: written", "peer shop-prod-web-1: added"]
lacking:
  description: What the host has to have before, by O(recorded_key). Empty if it lacks nothing.
  returned: success
  type: dict
  contains:
    packages:
      description: Packages whose programs are missing. The key is compared when they are there.
      type: list
      elements: str
    key:
      description: V(missing), V(unusable) if it is no key or others could have read it, or
        V(unrecorded) if O(recorded_key) is not its public half.
      type: str
  sample: {packages: [wireguard-go, wireguard-tools]}
code:
  description:
    - Kind of the failure. V(refused) for options that were refused before anything changed,
      V(not_set_up) where O(purge_peers=false) finds no interface to add to, V(still_drifting)
      if the running interface would not become what it should be.
    - Others are V(unsafe_file), V(key_missing), V(invalid_key), V(tool_missing), V(other_kind),
      V(not_started) and V(command_failed).
  returned: failure
  type: str
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.interface import (
    InterfaceOnHost,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    INTERFACE_OPTIONS,
    Invalid,
)


class WireguardInterface(FleetModule):
    """One interface: its options, applied to its host."""

    represent = "interface"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **INTERFACE_OPTIONS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "address": {"type": "list", "elements": "str"},
        "listen_port": {"type": "int"},
        "mtu": {"type": "int"},
        "private_key_file": {"type": "path", "no_log": False},
        "recorded_key": {"type": "str", "no_log": False},
        "userspace": {
            "type": "str",
            "choices": ["auto", "always", "never"],
            "default": "auto",
        },
        "forward": {"type": "bool", "default": False},
        "peers": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True},
                "public_key": {"type": "str", "required": True, "no_log": False},
                "next_public_key": {"type": "str", "no_log": False},
                "preshared_key": {"type": "str", "no_log": True},
                "endpoint": {"type": "str"},
                "allowed_ips": {"type": "list", "elements": "str"},
                "persistent_keepalive": {"type": "int"},
            },
        },
        "purge_peers": {"type": "bool", "default": True},
        "keep_peers": {"type": "list", "elements": "str", "default": []},
        "allow_empty": {"type": "bool", "default": False},
    }

    def __init__(self) -> None:
        super().__init__()
        self._interface = InterfaceOnHost(self.module, self._change)
        self.extra_results["changes"] = self._interface.changes

    def present(self) -> None:
        """Apply the options to the file and the running interface."""
        self._act(self._interface.keep)

    def absent(self) -> None:
        """Take the interface down and remove its file."""
        self._act(self._interface.remove)

    def _act(self, act: t.Callable[[], None]) -> None:
        try:
            act()
        except Invalid as error:
            raise Failure(
                f"refused, nothing was changed: {error}", code="refused", reasons=error.reasons
            ) from None
        self.extra_results["lacking"] = self._interface.lacking
        self._show_diff(*self._interface.views(), header=self.params["name"])

    def _prepare_result(self) -> dict[str, t.Any] | None:
        if self.params["state"] == "absent" or self._interface.lacking:
            return None
        return self._interface.describe()


def main() -> None:
    """Keep or remove the interface."""
    interface = WireguardInterface()
    interface.run(interface.absent if interface.params["state"] == "absent" else interface.present)


if __name__ == "__main__":
    main()
