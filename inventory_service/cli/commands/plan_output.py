# SPDX-License-Identifier: Apache-2.0
"""Plans of files that declare nodes, printed for people: what changes, and what to do next."""

from collections.abc import Mapping
from typing import Any

import click

from inventory_service.cli.commands.imports import MAKE_SERVERS, print_outcome
from inventory_service.cli.terminal.output import print_message, print_table
from inventory_service.cli.terminal.text import format_value


def print_nodes_plan(plan: dict[str, Any]) -> None:
    """Print what a file of nodes would change, each difference with both values."""
    rows = [[node["node_id"], "add", node["fields"]] for node in plan["add"]]
    for node in plan["update"]:
        changes = ", ".join(map(format_change, node["changes"]))
        rows.append([node["node_id"], "update", changes])
    if rows:
        print_table(("node_id", "change", "fields"), rows)
    click.echo(
        f"Plan: {len(plan['add'])} to add, {len(plan['update'])} to update, "
        f"{plan['unchanged']} unchanged."
    )


def print_nodes_outcome(done: Mapping[str, Any]) -> None:
    """Print whether the plan of a file of nodes was recorded, and what its new nodes need next."""
    added = done["plan"]["add"]
    is_empty = not (added or done["plan"]["update"])
    if not print_outcome(is_empty=is_empty, is_applied=done["applied"]):
        return
    foreign = [node for node in added if not node["fields"].get("provider")]
    if len(foreign) < len(added):
        print_message(MAKE_SERVERS)
    if foreign:
        name, fields = foreign[0]["node_id"], foreign[0]["fields"]
        print_message(
            f"New nodes without a provider, which provision.yml leaves alone: {len(foreign)}. "
            f"When Ansible can log in to one, as to {name}, take it into service:"
        )
        if not fields.get("ssh_host_keys"):
            print_message(f"  qm node set {name} --ssh-host-key 'ssh-ed25519 …'")
        print_message(
            f"  qm node set {name} --state provisioning && qm node set {name} --state active"
        )


def format_change(change: Mapping[str, Any]) -> str:
    """Return a difference as text."""
    return f"{change['field']}: {format_value(change['before'])} → {format_value(change['after'])}"
