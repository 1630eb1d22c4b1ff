# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make, resize, start, stop or remove a server at a provider."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server
short_description: Make, resize, start, stop or remove a server
version_added: 0.1.0
description:
  - Brings a server of a provider into the wanted state and returns it with its SSH host keys.
  - The host keys are read through the provider, not over the network, so SSH can check them from
    the first connection.
  - A server that was begun by an interrupted run is finished by the next one.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.provider
attributes:
  check_mode:
    support: full
    description: Reports what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows the server before and after.
options:
  name:
    description:
      - Name of the server, which is its host name too (an RFC 1123 label).
    type: str
    required: true
  state:
    description:
      - V(present) makes a missing server, starts it and gives an existing one the size of O(spec).
        A server that somebody stopped stays so.
      - V(started) and V(stopped) are V(present) and the state of the power.
      - V(absent) removes the server and what was made for it alone.
    type: str
    choices: [present, absent, started, stopped]
    default: present
  spec:
    description:
      - Size, as V(s-2vcpu-4gb). A changed one resizes the running server.
      - Needed to make a server.
    type: str
  image:
    description:
      - What a new server runs. An existing one keeps its own, with a warning.
      - Needed to make a server.
    type: str
  region:
    description:
      - Region, fixed at creation.
    type: str
  labels:
    description:
      - Labels, fixed at creation. They must not begin with C(quartermaster.).
    type: dict
  ssh_public_keys:
    description:
      - Public keys with which root is reached, installed before the first start.
      - Later changes are the business of the role P(quartermaster.fleet.common#role).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: The server is there
  quartermaster.fleet.server:
    name: web-1
    spec: s-2vcpu-4gb
    image: quartermaster-host:bookworm
    ssh_public_keys:
      - "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"
  register: web

- name: Its host keys are known
  ansible.builtin.known_hosts:
    name: "{{ web.server.internal_ip }}"
    key: "{{ web.server.internal_ip }} {{ item }}"
  loop: "{{ web.server.ssh_host_keys }}"

- name: The server is gone
  quartermaster.fleet.server:
    name: web-1
    state: absent
"""

RETURN = r"""
server:
  description: The server; null when it is absent. In check mode as it would be.
  returned: success
  type: dict
  sample:
    name: web-1
    provider: docker
    provider_id: 5f0c0e9c2b8e
    status: running
    internal_ip: 10.210.5.17
    external_ip: null
    spec: s-2vcpu-4gb
    image: quartermaster-host:bookworm
    region: null
    owner: quartermaster
    labels: {}
    ssh_host_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7v]
code:
  description: A word for what went wrong, for C(failed_when).
  returned: failure
  type: str
  sample: not_ours
"""

import re
import typing as t
from dataclasses import asdict, replace

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.provider import (
    Server,
    Wanted,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.registry import (
    PROVIDERS,
    make_argument_spec,
)

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PUBLIC_KEY = re.compile(r"(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]{20,}={0,3}( [^\n]*)?")
LABEL = re.compile(r"\S{1,128}")
RESERVED = "quartermaster."
POWER = {"started": "running", "stopped": "stopped"}
"""From a state to the status that it asks for; `present` asks for none."""


class ServerModule(FleetModule):
    """A server of a provider."""

    represent = "server"
    options: t.Mapping[str, dict[str, t.Any]] = {
        "name": {"type": "str", "required": True},
        "state": {
            "type": "str",
            "choices": ["present", "absent", "started", "stopped"],
            "default": "present",
        },
        "spec": {"type": "str"},
        "image": {"type": "str"},
        "region": {"type": "str"},
        "labels": {"type": "dict"},
        "ssh_public_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
    }

    def __init__(self) -> None:
        self.options = {**self.options, **make_argument_spec()}
        super().__init__()
        self.server: Server | None = None

    def present(self) -> None:
        """Make or finish the server, give it its size, then its power."""
        wanted = self._parse()
        provider = PROVIDERS[self.params["provider"]].from_params(self.params)
        before = provider.find_server(wanted.name, wanted.owner)
        for warning in provider.check(wanted, before):
            self.module.warn(warning)
        server = before
        if server is None or server.status == "creating":
            server = self._change(provider.create, wanted) or provider.preview(wanted)
        elif wanted.spec and not provider.has_size(server, wanted.spec):
            resized = self._change(provider.resize, server, wanted.spec)
            server = resized or replace(server, spec=wanted.spec)
        status = POWER.get(self.params["state"], server.status)
        if server.status != status:
            act = provider.start if status == "running" else provider.stop
            server = self._change(act, server) or replace(server, status=status)
        self._end(before, server)

    def absent(self) -> None:
        """Remove the server if it is there and ours."""
        wanted = self._parse()
        provider = PROVIDERS[self.params["provider"]].from_params(self.params)
        before = provider.find_server(wanted.name, wanted.owner)
        if before:
            self._change(provider.remove, before)
        self._end(before, None)

    def _prepare_result(self) -> dict[str, t.Any] | None:
        return asdict(self.server) if self.server else None

    def _end(self, before: Server | None, after: Server | None) -> None:
        self.server = after
        self._show_diff(_shown(before), _shown(after), f"server {self.params['name']}")

    def _parse(self) -> Wanted:
        """Return the options as a value.

        :raises Failure: with code `invalid` for what no server can have.
        """
        params = self.params
        labels = params["labels"]
        if not NAME.fullmatch(params["name"]):
            raise _invalid("name", params["name"], "small letters, digits and dashes, 63 at most")
        for key in params["ssh_public_keys"]:
            if not PUBLIC_KEY.fullmatch(key.strip()):
                raise _invalid("ssh_public_keys", key, "one public key as in authorized_keys")
        for key in labels or {}:
            if key.startswith(RESERVED) or not LABEL.fullmatch(key):
                takes = f"names without spaces that do not begin with {RESERVED}"
                raise _invalid("labels", key, takes)
        return Wanted(
            name=params["name"],
            owner=params["owner"],
            spec=params["spec"],
            image=params["image"],
            region=params["region"],
            labels=None if labels is None else {key: str(labels[key]) for key in sorted(labels)},
            ssh_public_keys=tuple(params["ssh_public_keys"]),
        )


def _invalid(option: str, value: str, allowed: str) -> Failure:
    return Failure(f"{option} {value[:80]!r} is refused: it takes {allowed}", code="invalid")


def _shown(server: Server | None) -> dict[str, t.Any]:
    """Return what --diff shows of a server."""
    if server is None:
        return {}
    shown = asdict(server)
    # The provider chooses id and host keys; they are no settings.
    return {key: shown[key] for key in shown if key not in {"provider_id", "ssh_host_keys"}}


def main() -> None:
    """Choose what to do."""
    subject = ServerModule()
    subject.run(subject.absent if subject.params["state"] == "absent" else subject.present)


if __name__ == "__main__":
    main()
