# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask from a host which nodes of its mesh answer, and whether full packets reach them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wireguard_probe
short_description: Ask which nodes of a mesh answer this one, and to how large packets
version_added: 0.1.0
description:
  - Pings each target through the mesh, all at once, and returns who answers. Changes nothing.
  - With O(packet_size), who answers is asked again by a packet of that size that must not be cut
    into pieces, and so is its endpoint outside of the mesh, by a packet as large as WireGuard makes
    of it. Where small packets arrive and large ones do not, the largest that do is sought.
  - An endpoint that answers no ping at all, as behind a firewall, proves nothing about packets.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.interface
  - quartermaster.fleet.probe
options:
  targets:
    description: Who is asked, as P(quartermaster.fleet.mesh_targets#filter) gives them. Each has a
      C(name) and an C(address) in the mesh; a C(public_key) if it is a peer of this host, and an
      C(endpoint) if that is known. Other keys come back with the answer.
    type: list
    elements: dict
    required: true
  packet_size:
    description: Bytes of the largest packet that the mesh should carry; the interface's MTU.
    type: int
  timeout:
    default: 30
requirements:
  - ping(8) of iputils on the host, and wg(8)
seealso:
  - module: quartermaster.fleet.wireguard_interface
  - plugin: quartermaster.fleet.mesh_targets
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The mesh is asked
  quartermaster.fleet.wireguard_probe:
    targets: "{{ nodes | quartermaster.fleet.mesh_targets(inventory_hostname) }}"
    packet_size: 1420
  register: asked

- name: Everybody answers
  ansible.builtin.assert:
    that: asked.probes | selectattr('fault') | length == 0
"""

RETURN = r"""
probes:
  description: The targets, each with its answer.
  returned: success
  type: list
  elements: dict
  contains:
    answer:
      description: V(whole) if it answers, to packets of O(packet_size), too; V(narrow) if only to
        smaller ones; V(silent) if not at all.
      type: str
    largest:
      description: Bytes of the largest packet that arrives, if it is V(narrow); null if not even
        those of 1280 bytes do.
      type: int
    handshake_age:
      description: Seconds since the last handshake with it; null if there was none, or it is no
        peer.
      type: int
    fault:
      description: What is wrong, as a sentence with its name; null if nothing is.
      type: str
  sample:
    - name: shop-prod-web-1
      address: 10.8.0.2
      answer: whole
      largest: null
      handshake_age: 17
      fault: null
code:
  description: Kind of the failure. V(refused) for options that were refused before anybody was
    asked; others are V(tool_missing) and V(command_failed).
  returned: failure
  type: str
"""

import time
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.host import Host
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    INTERFACE_OPTIONS,
    MTU_MAX,
    MTU_MIN,
    Invalid,
    check_interface_name,
    check_range,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.probes import (
    Answer,
    Target,
    ask,
    parse_target,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.runtime import (
    FRESH_HANDSHAKE_S,
)

TIMEOUT_MAX_S = 3600
"""The lower bound is 1, since ping(8) takes a deadline of 0 for none."""


class WireguardProbe(FleetModule):
    """A question to the nodes of a mesh."""

    represent = "probes"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **INTERFACE_OPTIONS,
        "targets": {"type": "list", "elements": "dict", "required": True},
        "packet_size": {"type": "int"},
        "timeout": {"type": "int", "default": 30},
    }

    def __init__(self) -> None:
        super().__init__()
        self._probes: list[dict[str, t.Any]] = []

    def ask(self) -> None:
        """Ask all targets at once, and read the handshakes that this made."""
        host = Host(self.module)
        host.need("ping")
        size = self.params["packet_size"]
        try:
            name = check_interface_name(self.params["name"])
            check_range("packet_size", size, MTU_MIN, MTU_MAX)
            check_range("timeout", self.params["timeout"], 1, TIMEOUT_MAX_S)
            targets = [parse_target(given) for given in self.params["targets"]]
        except Invalid as error:
            raise Failure(f"refused, nobody was asked: {error}", code="refused") from None
        answers = ask(targets, size, self.params["timeout"])
        ages = host.read_handshakes(name, time.time()) if any(x.keys for x in targets) else {}
        self._probes = [
            _report(given, target, answer, _find_age(target, ages), size)
            for given, target, answer in zip(self.params["targets"], targets, answers)  # noqa: B905 - same length; hosts may run Python 3.9
        ]

    def _prepare_result(self) -> list[dict[str, t.Any]]:
        return self._probes


def _find_age(target: Target, ages: t.Mapping[str, int]) -> int | None:
    """Return the age of the last handshake under one of a target's keys."""
    known = [ages[key] for key in target.keys if key in ages]
    return min(known) if known else None


def _report(
    given: t.Mapping[str, t.Any], target: Target, answer: Answer, age: int | None, size: int | None
) -> dict[str, t.Any]:
    fault = None
    if answer.word == "silent":
        fault = f"{target.name} ({target.address}) gives no answer"
    elif target.keys and (age is None or age > FRESH_HANDSHAKE_S):
        fault = (
            f"{target.name} answers, but there was no handshake with it in {FRESH_HANDSHAKE_S} s"
        )
    elif answer.word == "narrow":
        shown = f"{answer.largest} bytes are" if answer.largest else f"less than {MTU_MIN} bytes is"
        fault = f"packets of {size} bytes do not reach {target.name}, {shown} the most that does"
    measured = {
        "answer": answer.word,
        "largest": answer.largest,
        "handshake_age": age,
        "fault": fault,
    }
    return {**given, **measured}


def main() -> None:
    """Ask."""
    probe = WireguardProbe()
    probe.run(probe.ask)


if __name__ == "__main__":
    main()
