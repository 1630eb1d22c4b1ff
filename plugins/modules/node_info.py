# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List nodes of the inventory service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: List nodes of the inventory service
version_added: 0.1.0
description:
  - Returns the nodes that fit all given filters; of the values of one filter, any fits.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  node_id:
    description: Only the node of this name.
    type: str
  project:
    description: Only nodes of these projects.
    type: list
    elements: str
  environment:
    description: Only nodes of these environments.
    type: list
    elements: str
  cluster:
    description: Only nodes of these clusters.
    type: list
    elements: str
  region:
    description: Only nodes of these regions.
    type: list
    elements: str
  node_type:
    description: Only nodes of these types.
    type: list
    elements: str
  state:
    description: Only nodes in these states. Without it, nodes in all states but V(retired).
    type: list
    elements: str
    choices: [planned, provisioning, active, maintenance, failed, retired]
extends_documentation_fragment:
  - quartermaster.fleet.api
attributes:
  action:
    description: On the controller, as its own account, it runs without a process of its own.
    support: full
  check_mode:
    description: Changes nothing, in check mode or out of it.
    support: full
  diff_mode:
    description: Changes nothing, so that there is no diff.
    support: none
seealso:
  - module: quartermaster.fleet.node
"""

EXAMPLES = r"""
- name: The nodes of a cluster are known
  quartermaster.fleet.node_info:
    cluster: [main]
    state: [active, maintenance]
  delegate_to: localhost
  register: fleet
"""

RETURN = r"""
nodes:
  description: The nodes, sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - node_id: shop-prod-web-1
      node_type: web
      cluster_id: main
      state: active
code:
  description: Why it failed, as HTTP status of the service, or V(unreachable).
  returned: failure
  type: str
  sample: "401"
problem:
  description: The problem document of the service (RFC 9457).
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    ClientError,
    segment,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.module import (
    API_OPTIONS,
    ServiceModule,
)

NODES = "/api/v1/nodes"
FILTERS = ("project", "environment", "cluster", "region", "node_type", "state")
LIVE = ("planned", "provisioning", "active", "maintenance", "failed")


class NodeInfo(ServiceModule):
    """What the service knows of some nodes."""

    represent = "nodes"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **API_OPTIONS,
        "node_id": {"type": "str"},
        **{name: {"type": "list", "elements": "str"} for name in FILTERS[:-1]},
        "state": {"type": "list", "elements": "str", "choices": [*LIVE, "retired"]},
    }

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[dict[str, t.Any]] = []

    def read(self) -> None:
        """Fetch the nodes that fit."""
        found = self._read_one() if self.params["node_id"] else self._read_all()
        self.nodes = sorted(found, key=lambda node: str(node["node_id"]))

    def _prepare_result(self) -> list[dict[str, t.Any]]:
        return self.nodes

    def _read_all(self) -> list[dict[str, t.Any]]:
        return self.client.items(NODES, {name: self.params[name] for name in FILTERS})

    def _read_one(self) -> list[dict[str, t.Any]]:
        try:
            node = self.client.json("GET", f"{NODES}/{segment(self.params['node_id'])}")
        except ClientError as error:
            # Without a problem document the 404 is not from the service: the url is wrong.
            if error.status == 404 and error.problem:  # noqa: PLR2004 - HTTP's own number
                return []
            raise
        return [node] if self._fits(node) else []

    def _fits(self, node: dict[str, t.Any]) -> bool:
        wanted = {"state": LIVE, **{n: self.params[n] for n in FILTERS if self.params[n]}}
        fields = {**node, "cluster": node.get("cluster_id")}
        return all(fields.get(name) in values for name, values in wanted.items())


def main() -> None:
    """Return the nodes."""
    subject = NodeInfo()
    subject.run(subject.read)


if __name__ == "__main__":
    main()
