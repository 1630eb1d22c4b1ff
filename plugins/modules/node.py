# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep one node of the inventory service as it should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node
short_description: Register, change and retire a node of the inventory service
version_added: 0.1.0
description:
  - Registers a node that the service does not know, and changes what differs on one that it knows.
  - What is not given stays as it is. An empty string takes a value away.
  - Each change is recorded by the service with who, when, why and through which channel.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  node_id:
    description: Name of the node, a label of RFC 1123; it is the name of the host as well.
    type: str
    required: true
  state:
    description:
      - V(present) registers or changes the node.
      - V(absent) retires it. It stays on record, and its name is free again when its server is
        gone. Of the other options only O(provider_id) and O(reason) count then; an empty
        O(provider_id) records that the server is gone.
    type: str
    choices: [present, absent]
    default: present
  node_state:
    description:
      - The state that the node shall have. A new node is V(planned).
      - The service refuses a move that its life cycle does not have, as from V(planned) to
        V(active).
    type: str
    choices: [planned, provisioning, active, maintenance, failed]
  reason:
    description: Why; it is kept in the records of the service.
    type: str
  node_type:
    description: What kind of node it is, for example V(control), V(data) or V(media). Needed for
      a new node.
    type: str
  cluster_id:
    description: The cluster that it belongs to. Needed for a new node.
    type: str
  region:
    description: Where it is.
    type: str
  environment:
    description: What it is for, for example V(prod) or V(uat).
    type: str
  project:
    description: Whom it serves.
    type: str
  internal_ip:
    description: Its address inside its region.
    type: str
  external_ip:
    description: Its address from outside.
    type: str
  wireguard_ip:
    description: Its address in the mesh. The service gives one if there is none.
    type: str
  wireguard_public_key:
    description: The public half of its key in the mesh.
    type: str
  wireguard_next_public_key:
    description: The public half of the key that a rotation changes to; its peers accept both.
    type: str
  provider:
    description: Who runs the server, for example V(docker).
    type: str
  provider_id:
    description: How the provider calls the server.
    type: str
  spec:
    description: The size that is wanted, for example V(s-2vcpu-4gb).
    type: str
  provisioned_spec:
    description: The size that the server has.
    type: str
  image:
    description: What the server was made from.
    type: str
  ssh_host_keys:
    description: Its SSH host keys as type and key, without a comment. The given list replaces the
      recorded one.
    type: list
    elements: str
  labels:
    description: Marks to find the node by. The given ones replace the recorded ones.
    type: dict
  vars:
    description:
      - Variables of the host in the inventory. The given ones replace the recorded ones.
      - They are shown in the diff and must not hold secrets.
    type: dict
extends_documentation_fragment:
  - quartermaster.fleet.api
attributes:
  check_mode:
    description: Can run in check mode and report what would change.
    support: full
  diff_mode:
    description: Shows the fields that differ, before and after.
    support: full
seealso:
  - module: quartermaster.fleet.node_info
"""

EXAMPLES = r"""
- name: A planned node is known
  quartermaster.fleet.node:
    node_id: shop-prod-web-1
    node_type: web
    cluster_id: main
    region: fsn1
    environment: prod
    spec: s-2vcpu-4gb
  delegate_to: localhost

- name: The server of the node is being made
  quartermaster.fleet.node:
    node_id: shop-prod-web-1
    node_state: provisioning
    reason: it is ordered
  delegate_to: localhost

- name: A node is in service with its address
  quartermaster.fleet.node:
    node_id: shop-prod-web-1
    internal_ip: 10.0.0.7
    node_state: active
    reason: it answers
  delegate_to: localhost

- name: A node is retired
  quartermaster.fleet.node:
    node_id: shop-prod-web-1
    state: absent
    reason: two nodes are enough
  delegate_to: localhost
"""

RETURN = r"""
node:
  description: The node as the service holds it, in check mode as it would be. Null if there is
    none.
  returned: success
  type: dict
  sample:
    node_id: shop-prod-web-1
    node_type: web
    cluster_id: main
    state: active
    internal_ip: 10.0.0.7
    revision: 4
code:
  description: Why it failed, as HTTP status of the service, or V(unreachable), or V(incomplete).
  returned: failure
  type: str
  sample: "409"
problem:
  description: The problem document of the service (RFC 9457).
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    ClientError,
    segment,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.module import (
    API_OPTIONS,
    ServiceModule,
)

NODES = "/api/v1/nodes"
PURPOSE = ("node_type", "cluster_id", "region", "environment", "project")
ADDRESSES = (
    "internal_ip",
    "external_ip",
    "wireguard_ip",
    "wireguard_public_key",
    "wireguard_next_public_key",
)
SERVER = ("provider", "provider_id", "spec", "provisioned_spec", "image")
TEXTS = PURPOSE + ADDRESSES + SERVER
STRUCTURES = ("ssh_host_keys", "labels", "vars")
NEEDED = ("node_type", "cluster_id")
RETIRED = "retired"
FIRST_STATE = "planned"


class Node(ServiceModule):
    """One node of the service."""

    represent = "node"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **API_OPTIONS,
        "node_id": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "node_state": {
            "type": "str",
            "choices": ["planned", "provisioning", "active", "maintenance", "failed"],
        },
        "reason": {"type": "str"},
        **{name: {"type": "str"} for name in TEXTS},
        "ssh_host_keys": {"type": "list", "elements": "str", "no_log": False},
        "labels": {"type": "dict"},
        "vars": {"type": "dict"},
    }

    def __init__(self) -> None:
        super().__init__()
        self.node: dict[str, t.Any] | None = None

    def present(self) -> None:
        """Register the node or change what differs, then move it to the wanted state."""
        self.node = self._find_live()
        before = dict(self.node or {})
        given = self._given()
        if self.node is None:
            self._register(given)
        else:
            self._update(given)
        self._move(self.params["node_state"])
        self._show_difference(before)

    def absent(self) -> None:
        """Retire the node if it is known, and note what became of its server."""
        self.node = self._find()
        before = dict(self.node or {})
        if self.node is not None:
            self._move(RETIRED)
            if self.params["provider_id"] is not None:
                self._update({"provider_id": self.params["provider_id"] or None})
        self._show_difference(before)

    def _prepare_result(self) -> dict[str, t.Any] | None:
        return self.node

    @property
    def _path(self) -> str:
        return f"{NODES}/{segment(self.params['node_id'])}"

    def _find(self) -> dict[str, t.Any] | None:
        try:
            return self.client.json("GET", self._path)
        except ClientError as error:
            # Without a problem document the 404 is not from the service: the url is wrong.
            if error.status == 404 and error.problem:  # noqa: PLR2004 - HTTP's own number
                return None
            raise

    def _find_live(self) -> dict[str, t.Any] | None:
        """Return the node, unless it is retired: then its name is free for another one."""
        node = self._find()
        return None if node and node.get("state") == RETIRED else node

    def _given(self) -> dict[str, t.Any]:
        given: dict[str, t.Any] = {
            name: self.params[name] or None for name in TEXTS if self.params[name] is not None
        }
        given.update(
            {name: self.params[name] for name in STRUCTURES if self.params[name] is not None}
        )
        return given

    def _register(self, given: dict[str, t.Any]) -> None:
        missing = [name for name in NEEDED if not given.get(name)]
        if missing:
            raise Failure(
                f"node {self.params['node_id']!r} is new and needs {' and '.join(missing)}.",
                code="incomplete",
            )
        known = {name: value for name, value in given.items() if value is not None}
        body = {"node_id": self.params["node_id"], **known, **self._reason()}
        self.node = self._change(self.client.json, "POST", NODES, body) or {
            "node_id": self.params["node_id"],
            "state": FIRST_STATE,
            **known,
        }

    def _update(self, given: dict[str, t.Any]) -> None:
        current = self.node or {}
        changes = {name: value for name, value in given.items() if current.get(name) != value}
        if not changes:
            return
        body = {**changes, **self._reason()}
        self.node = self._change(self.client.json, "PATCH", self._path, body) or {
            **current,
            **changes,
        }

    def _move(self, state: str | None) -> None:
        node = self.node or {}
        if state is None or node.get("state") == state:
            return
        body = {"state": state, **self._reason()}
        self._change(self.client.json, "POST", f"{self._path}/transitions", body)
        self.node = {**node, "state": state} if self.check_mode else self._find()

    def _reason(self) -> dict[str, str]:
        return {"reason": self.params["reason"]} if self.params["reason"] else {}

    def _show_difference(self, before: dict[str, t.Any]) -> None:
        after = self.node or {}
        shown = ("node_id", *TEXTS, *STRUCTURES, "state")
        differing = [name for name in shown if before.get(name) != after.get(name)]
        self._show_diff(
            {name: before[name] for name in differing if name in before},
            {name: after[name] for name in differing if name in after},
            header=f"node {self.params['node_id']}",
        )


def main() -> None:
    """Bring the node into the wanted state."""
    subject = Node()
    subject.run(subject.absent if subject.params["state"] == "absent" else subject.present)


if __name__ == "__main__":
    main()
