# SPDX-License-Identifier: Apache-2.0
"""What the demo shows at its end: the fleet, who reaches whom in it, and what to try next."""

import json

from rich.box import SIMPLE
from rich.table import Table

from demo.place import BIN, CLUSTER, ENV_FILE, KEY, ROOT, URL
from demo.steps import console, run_quietly


def show(seconds: float, changed: dict[str, int], matrix: str) -> None:
    """Print the table of nodes, the matrix of the firewalls and the next things to try."""
    nodes = json.loads(run_quietly([str(BIN / "qm"), "node", "list", "--json"]))
    table = Table(box=SIMPLE, title=f"The fleet after {seconds:.0f} s", title_justify="left")
    for title in ("node", "state", "address", "mesh address", "second run"):
        table.add_column(title, no_wrap=True)
    for node in nodes:
        table.add_row(
            node["node_id"],
            node["state"],
            node["internal_ip"],
            node["wireguard_ip"],
            f"changed={changed.get(node['node_id'], '?')}",
        )
    console.print(table)
    first = nodes[0]
    known_hosts = ENV_FILE.parent / "cache" / "known_hosts"
    ssh = f"ssh -i {KEY.relative_to(ROOT)} -o UserKnownHostsFile={known_hosts.relative_to(ROOT)}"
    console.print(
        f"Each of the {len(nodes)} nodes of cluster '{CLUSTER}' reaches every other one through the"
        " mesh, and of its ports those that its zones open, as measured:\n"
    )
    console.print(matrix, markup=False, soft_wrap=True)
    console.print("\n[bold]What to try next[/]")
    for command, meaning in (
        (f". {ENV_FILE.relative_to(ROOT)}", "use the demo's service and hosts in this shell"),
        ("qm status", "the fleet at a glance"),
        ("qm node list", "its nodes"),
        ("qm run list && qm run hosts 1", "the run of the service, and its results by host"),
        ("qm run verify --follow", "a run of your own, as it happens"),
        ("ansible all -m ping", "Ansible on the dynamic inventory"),
        (f"curl {URL}/api/inventory", "the inventory over HTTP"),
        (f"open {URL}/api/v1/docs", "the API's own page"),
        (
            f"{ssh} root@{first['internal_ip']} wg show",
            "a host's tunnels",
        ),
        (
            f"{ssh} root@{first['internal_ip']} nft list table inet quartermaster",
            "its firewall",
        ),
        ("$EDITOR demo/projects.csv && qm import csv demo/projects.csv --apply", "scale the fleet"),
        ("ansible-playbook playbooks/{provision,site}.yml", "and make it so"),
        (
            "ansible-playbook playbooks/retire.yml",
            "servers that are over: lists them, and wants their number",
        ),
        ("make demo-down", "remove all of this"),
    ):
        console.print(f"  [cyan]{command}[/]\n      {meaning}", soft_wrap=True)
