# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the private key of a WireGuard interface on its host, step by step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wireguard_rotation
short_description: Change the private key of a WireGuard interface, or take the change back
version_added: 0.1.0
description:
  - Leads the key of one running interface over to a new one, so that no packet needs to be lost.
    The peers must know the public half of the new key beforehand, as C(next_public_key) of this
    host in their M(quartermaster.fleet.wireguard_interface); they then follow it by themselves.
  - From V(switched) on a timer of the host waits. Unless V(committed) comes in time, it puts the
    key of the file back and wakes the peers, which follow. So a controller that dies, or that
    cannot come in any more, leaves the mesh under the former key.
  - Until V(committed), the file with the private key and the file of wg-quick(8) have the former
    key, so that a boot takes the change back as well.
  - The private keys are never in an argument, a result, a diff or a log, and never leave the host.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.interface
options:
  state:
    description:
      - V(prepared) makes the next key beside the present one, unless it is there.
      - V(switched) has the interface use the next key, and arms the timer.
      - V(committed) makes the next key the present one, and stops the timer. The former key
        is gone.
      - V(reverted) has the interface use the present key, and forgets the next one.
    type: str
    choices: [prepared, switched, committed, reverted]
    required: true
  private_key_file:
    description: File with the present private key. Without it, C(/etc/wireguard/NAME.key). The next
      one is beside it, with C(.next) at its end.
    type: path
  addresses:
    description: Addresses of the peers in the mesh. Each is sent a packet after a change of the
      running key, by which it learns of the change.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds from V(switched) on, after which the host takes the change back by itself.
    type: int
    default: 60
attributes:
  check_mode:
    description: Can run in check mode and report what would change.
    support: full
  diff_mode:
    description: Shows fingerprints of the public halves.
    support: full
requirements:
  - wg(8) on the host, from the package wireguard-tools
  - systemd
seealso:
  - module: quartermaster.fleet.wireguard_key
  - module: quartermaster.fleet.wireguard_interface
"""

EXAMPLES = r"""
- name: The next key is there
  quartermaster.fleet.wireguard_rotation:
    state: prepared
  register: rotation

- name: The interface has the next key
  quartermaster.fleet.wireguard_rotation:
    state: switched
    addresses: [10.8.0.2, 10.8.0.3]

- name: The next key is the present one
  quartermaster.fleet.wireguard_rotation:
    state: committed
"""

RETURN = r"""
keys:
  description: The public halves. In check mode as they would be, as far as they can be known.
  returned: success
  type: dict
  contains:
    present:
      description: Of the key in the file, which a boot takes.
      type: str
    next:
      description: Of the next key; null if there is none.
      type: str
    running:
      description: Of the key that the interface uses; null if it does not run.
      type: str
code:
  description: Kind of the failure. V(not_prepared) without a next key, V(not_switched) if the
    interface does not use it, as when the timer was faster, V(not_running) without an interface,
    V(not_armed) if the timer does not start. Others are V(refused), V(unsafe_file),
    V(invalid_key), V(key_missing), V(tool_missing) and V(command_failed).
  returned: failure
  type: str
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    INTERFACE_OPTIONS,
    Invalid,
    fingerprint,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.rotation import (
    Rotation,
)


class WireguardRotation(FleetModule):
    """The key of one interface, on its way to the next one."""

    represent = "keys"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "state": {
            "type": "str",
            "choices": ["prepared", "switched", "committed", "reverted"],
            "required": True,
        },
        **INTERFACE_OPTIONS,
        "private_key_file": {"type": "path", "no_log": False},
        "addresses": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 60},
    }

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, str | None] = {}

    def rotate(self) -> None:
        """Take the step that is asked for."""
        try:
            rotation = Rotation(self.module, self._change)
            before = rotation.read_keys()
            rotation.go_to(self.params["state"])
            self._keys = rotation.read_keys()
        except Invalid as error:
            raise Failure(f"refused, nothing was changed: {error}", code="refused") from None
        self._show_diff(_shown(before), _shown(self._keys), header=self.params["name"])

    def _prepare_result(self) -> dict[str, str | None]:
        return self._keys


def _shown(keys: t.Mapping[str, str | None]) -> str:
    return "".join(
        f"{name}: {fingerprint(key) if key else '(none)'}\n" for name, key in keys.items()
    )


def main() -> None:
    """Take one step of a rotation."""
    rotation = WireguardRotation()
    rotation.run(rotation.rotate)


if __name__ == "__main__":
    main()
