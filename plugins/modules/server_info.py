# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the servers of an owner at a provider."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: List servers of a provider
version_added: 0.1.0
description:
  - Returns the servers that carry an owner's label, with addresses, sizes and SSH host keys.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.provider
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: N/A
    description: Changes nothing.
options:
  name:
    description:
      - Name of the one server to return; without it all of them.
    type: str
"""

EXAMPLES = r"""
- name: The servers are listed
  quartermaster.fleet.server_info:
    docker_network: demo
  register: found

- name: Their addresses are shown
  ansible.builtin.debug:
    msg: "{{ found.servers | items2dict(key_name='name', value_name='internal_ip') }}"
"""

RETURN = r"""
servers:
  description: The servers by name, each as the module M(quartermaster.fleet.server) returns it.
  returned: success
  type: list
  elements: dict
"""

import typing as t
from dataclasses import asdict

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import FleetModule
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.provider import Server
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.registry import (
    PROVIDERS,
    make_argument_spec,
)


class ServerInfo(FleetModule):
    """The servers of an owner."""

    represent = "servers"
    options: t.Mapping[str, dict[str, t.Any]] = {"name": {"type": "str"}}

    def __init__(self) -> None:
        self.options = {**self.options, **make_argument_spec()}
        super().__init__()
        self.servers: list[Server] = []

    def present(self) -> None:
        """Read the servers."""
        provider = PROVIDERS[self.params["provider"]].from_params(self.params)
        name, owner = self.params["name"], self.params["owner"]
        if name is None:
            self.servers = provider.list_servers(owner)
        else:
            server = provider.find_server(name, owner)
            self.servers = [server] if server else []

    def _prepare_result(self) -> list[dict[str, t.Any]]:
        return [asdict(server) for server in self.servers]


def main() -> None:
    """Read and return."""
    subject = ServerInfo()
    subject.run(subject.present)


if __name__ == "__main__":
    main()
