# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the private key of a WireGuard interface on its host, and return only the public half."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wireguard_key
short_description: Make a WireGuard private key where it is used
version_added: 0.1.0
description:
  - Makes a private key on the host that uses it, unless it is there, and returns the public half.
  - The private key is never in an argument, a result, a diff or a log, and never leaves the host.
  - The file appears whole, with mode 0600, and only if there was none. Its folder is made with
    mode 0700 if it is missing; an existing folder is left as it is, and is refused if other users
    could change it.
  - Mode and owner of an existing file are repaired and reported. A file that holds no valid key is
    refused and never replaced, since the peers may know the public half of the key that it held.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  path:
    description: The file that holds the private key, an absolute path.
    type: path
    required: true
  interface:
    description: Name of the interface that the key is for. A host that has one of this name, which
      this collection has not made, is refused before a key is made.
    type: str
  address:
    description: Address that O(interface) will have, with the prefix length. It is refused if
      Ansible comes in from its network by another way, whose answers it would take.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and report what would change. Without a key there is no
      public half to return, so RV(public_key) is null then.
    support: full
  diff_mode:
    description: Shows the file's protection, and a fingerprint of the public half.
    support: full
requirements:
  - wg(8) on the host, from the package wireguard-tools
seealso:
  - module: quartermaster.fleet.wireguard_interface
"""

EXAMPLES = r"""
- name: The host has a key for its mesh
  quartermaster.fleet.wireguard_key:
    path: /etc/wireguard/wg0.key
  register: wireguard_key

- name: The service knows the public half
  quartermaster.fleet.node:
    node_id: "{{ inventory_hostname }}"
    wireguard_public_key: "{{ wireguard_key.public_key }}"
  when: wireguard_key.public_key is not none
  delegate_to: localhost
"""

RETURN = r"""
public_key:
  description: The public half. Null in check mode where the key would be made, or where an
    existing one cannot be read for want of wg(8).
  returned: success
  type: str
  sample: HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=
repaired:
  description: What was wrong with the protection of the file; each entry has been repaired.
  returned: success
  type: list
  elements: str
  sample: ["mode 0644 → 0600"]
code:
  description: Kind of the failure, V(unsafe_file), V(invalid_key), V(tool_missing), V(foreign) if
    O(interface) is somebody else's, or V(locked_out) if it would take the controller's way in.
  returned: failure
  type: str
"""

import ipaddress
import os
import typing as t
from pathlib import Path

from ansible_collections.quartermaster.fleet.plugins.module_utils._host import secret_files as files
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.ssh_connection import (
    find_connection,
    parse_connection,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.files import FOLDER
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.host import Host
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    fingerprint,
    is_key,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.occupancy import (
    check_controller,
    check_owner,
    is_ours,
)

MAX_BYTES = 1024


class WireguardKey(FleetModule):
    """The file with the private key of one interface."""

    represent = "public_key"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "path": {"type": "path", "required": True},
        "interface": {"type": "str"},
        "address": {"type": "str"},
    }

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(self.params["path"])
        self._host = Host(self.module)
        self._public_key: str | None = None
        self.extra_results["repaired"] = []

    def present(self) -> None:
        """Make the key if there is none, protect the file, and learn the public half."""
        if not self._path.is_absolute():
            raise Failure(f"path {self._path} is not absolute", code="unsafe_file")
        fault = files.find_folder_fault(self._path.parent)
        if fault:
            raise Failure(fault, code="unsafe_file")
        self._check_host()
        private_key, faults = self._read()
        if private_key is None:
            self._change(self._make)
            self._show_diff("", self._describe(), header=str(self._path))
        else:
            self._adopt(private_key, faults)

    def _prepare_result(self) -> str | None:
        return self._public_key

    def _read(self) -> tuple[str | None, list[str]]:
        """Return the private key and what is wrong with its file's protection."""
        text, faults = files.read(self._path, MAX_BYTES)
        if text is None:
            return None, []
        private_key = text.strip()
        if not is_key(private_key):
            raise Failure(
                f"{self._path} holds no valid private key; it may have been cut short. It is not "
                "replaced, since peers may know its public half. Restore it from a backup, or run "
                f"`mv {self._path} {self._path}.broken`: the next run then makes another key, "
                "which has to be published to the peers",
                code="invalid_key",
            )
        self._host.hide(private_key)
        return private_key, faults

    def _check_host(self) -> None:
        """Refuse a host that cannot have the interface, before a key for it is made.

        :raises Failure: with what is in the way.
        """
        name = self.params["interface"]
        is_known = is_ours(FOLDER / f"{name}.conf") if name else True
        # What is ours already is compared by wireguard_interface. A preview may lack the programs.
        if not is_known and self._host.has("ip") and self._host.has("wg"):
            running, _others = self._host.read(name)
            check_owner(name, running, self._read()[0])
            address = [self.params["address"]] if self.params["address"] else []
            networks = [ipaddress.ip_interface(text).network for text in address]
            connection = parse_connection(find_connection(os.environ, os.getppid()))
            check_controller(connection, address, networks, running)

    def _make(self) -> None:
        self._host.need("wg")
        files.make_folder(self._path.parent)
        with files.locked(self._path.parent):
            made, _faults = self._read()
            if made is None:
                made = self._host.make_private_key()
                if not files.create(self._path, made + "\n"):
                    raise Failure(f"{self._path} appeared meanwhile; run again", code="unsafe_file")
        self._public_key = self._host.find_public_key(made)

    def _adopt(self, private_key: str, faults: list[str]) -> None:
        if faults:
            self._change(files.protect, self._path)
            self.extra_results["repaired"] = faults
            if any(fault.startswith("mode") for fault in faults):
                self.module.warn(
                    f"{self._path} was not its owner's alone ({', '.join(faults)}); if others may "
                    "have read it, make a new key"
                )
        if self._host.has("wg") or not self.check_mode:
            self._public_key = self._host.find_public_key(private_key)
        before = "".join(f"{fault.partition(' → ')[0]}\n" for fault in faults)
        self._show_diff(before, self._describe(), header=str(self._path))

    def _describe(self) -> str:
        shown = fingerprint(self._public_key) if self._public_key else "(made by the real run)"
        return f"mode {files.MODE:04o}\npublic key {shown}\n"


def main() -> None:
    """Make the key."""
    key = WireguardKey()
    key.run(key.present)


if __name__ == "__main__":
    main()
