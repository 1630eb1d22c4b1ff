# SPDX-License-Identifier: Apache-2.0
"""`qm node`: the machines of the fleet."""

from functools import partial
from typing import Any

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.http import Client, Target, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.node_filters import filter_options, filters_of
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.node_fields import field_options
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.cli.terminal.confirmation import confirm_act, yes_option
from inventory_service.cli.terminal.lists import Listing, list_options, print_list
from inventory_service.cli.terminal.output import print_item, print_message

LISTING = Listing(
    "/api/v1/nodes",
    Target("node"),
    ("node_id", "state", "node_type", "cluster_id", "project", "environment", "internal_ip"),
    nothing="No nodes. Add one with: qm node add NAME --type TYPE, or many with: qm import",
)
#: What a person knows a node by, before it is retired.
_KNOWN_BY = ("node_type", "project", "environment", "cluster_id", "state", "provider")
_node = click.argument("node_id", shell_complete=complete_names("node"))


_GRAPH = LazyCommand(
    "graph",
    "commands.node_graph:graph",
    "Draw the fleet: nodes below their cluster, project or services, each with its state.",
)


@click.group(commands=[_GRAPH])
@connection_options
def node() -> None:
    """Work with the machines of the fleet."""


@node.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(min=1), help="List at most this many.")
@list_options
@json_option
@connection_options
@pass_invocation
def list_nodes(
    invocation: Invocation,
    /,
    limit: int | None,
    sort: str | None,
    fields: str | None,
    **filters: tuple[str, ...],
) -> None:
    """List nodes; without filters all but the retired ones."""
    print_list(invocation, LISTING, filters_of(filters), sort=sort, fields=fields, limit=limit)


@node.command()
@_node
@json_option
@connection_options
@pass_invocation
def show(invocation: Invocation, /, node_id: str) -> None:
    """Show all fields of one node."""
    print_item(open_api(invocation).nodes.get(node_id))


@node.command()
@click.argument("node_id")
@partial(field_options, required={"node_type"})
@json_option
@connection_options
@pass_invocation
def add(invocation: Invocation, /, node_id: str, **options: Any) -> None:  # noqa: ANN401 (click's values)
    """Register a node; it starts as planned. The only cluster needs no --cluster."""
    api = open_api(invocation)
    fields = drop_unset(**options)
    if "cluster_id" not in fields:
        fields["cluster_id"] = _choose_cluster(api)
    made = api.nodes.register(node_id, **fields)
    print_message(f"Node {made['node_id']} is registered.")
    print_item(made)


@node.command("set")
@_node
@field_options
@click.option("--remove-label", metavar="K", multiple=True, help="Label to drop. Repeatable.")
@click.option("--remove-var", metavar="K", multiple=True, help="Variable to drop. Repeatable.")
@click.option("--state", help="Move the node to this state; accepts no other option but --reason.")
@yes_option
@json_option
@connection_options
@pass_invocation
def set_fields(
    invocation: Invocation,
    /,
    node_id: str,
    state: str | None,
    remove_label: tuple[str, ...],
    remove_var: tuple[str, ...],
    *,
    yes: bool,
    **options: Any,  # noqa: ANN401 (click's values)
) -> None:
    """Change fields of a node; labels and variables that are not named stay."""
    fields = drop_unset(**options)
    if not (fields.keys() - {"reason"} or remove_label or remove_var or state):
        raise click.UsageError("Nothing to change: give at least one field, like --region eu.")
    if state and (fields.keys() - {"reason"} or remove_label or remove_var):
        raise click.UsageError("Change the state on its own, with --state and --reason only.")
    api = open_api(invocation)
    if state:
        if state == "retired":
            _confirm_retirement(api, node_id, yes=yes)
        _move(api, node_id, state, fields.get("reason"))
        return
    etag = _merge(api, node_id, fields, {"labels": remove_label, "vars": remove_var})
    changed = api.nodes.change(node_id, etag=etag, **fields)
    print_message(f"Node {changed['node_id']} is changed.")
    print_item(changed)


@node.command()
@_node
@click.option("--reason", help="Reason, for the audit record. Required unless --end is given.")
@click.option("--end", "is_end", is_flag=True, help="End the maintenance: back to active.")
@json_option
@connection_options
@pass_invocation
def maintain(invocation: Invocation, /, node_id: str, reason: str | None, *, is_end: bool) -> None:
    """Take a node out of service for maintenance, or back with --end."""
    if not (reason or is_end):
        raise click.UsageError("Give the reason for the maintenance with --reason.")
    state = "active" if is_end else "maintenance"
    _move(open_api(invocation), node_id, state, reason)


@node.command()
@_node
@click.option("--reason", required=True, help="Reason, for the audit record.")
@yes_option
@json_option
@connection_options
@pass_invocation
def retire(invocation: Invocation, /, node_id: str, reason: str, *, yes: bool) -> None:
    """Retire a node for good; its mesh address is given back after a quarantine."""
    api = open_api(invocation)
    _confirm_retirement(api, node_id, yes=yes)
    _move(api, node_id, "retired", reason)


@node.command()
@click.argument("node_id", shell_complete=complete_names("node", state="retired"))
@click.option("--reason", required=True, help="Reason, for the audit record.")
@json_option
@connection_options
@pass_invocation
def restore(invocation: Invocation, /, node_id: str, reason: str) -> None:
    """Bring a retired node back: into maintenance if its server still exists, else planned."""
    restored = open_api(invocation).nodes.restore(node_id, reason=reason)
    print_message(f"Node {restored['node_id']} is restored; its state is {restored['state']}.")
    print_item(restored)


def _choose_cluster(api: Client) -> str:
    """Return the only live cluster, as an import takes it too."""
    listed = api.clusters.iterate()
    live = [str(cluster["cluster_id"]) for cluster in listed if not cluster["retired_at"]]
    if len(live) == 1:
        return live[0]
    known = ", ".join(live) or "none: add one with `qm cluster add NAME --mesh-prefix NETWORK`"
    raise click.UsageError(f"Choose one of the clusters with --cluster. There are: {known}")


def _confirm_retirement(api: Client, node_id: str, *, yes: bool) -> None:
    confirm_act(f"Retire node {node_id}", lambda: api.nodes.get(node_id), _KNOWN_BY, yes=yes)


def _move(api: Client, node_id: str, state: str, reason: str | None) -> None:
    record = api.nodes.move(node_id, state, reason=reason)
    print_message(
        f"Node {record['node_id']} went from {record['from_state']} to {record['to_state']}."
    )
    print_item(record)


def _merge(
    api: Client, node_id: str, fields: dict[str, Any], dropped: dict[str, tuple[str, ...]]
) -> str | None:
    """Put the new labels and variables among the present ones; return the ETag they belong to.

    The API replaces a dict as a whole, so without the ETag a change made meanwhile would be lost.
    """
    touched = [name for name in dropped if dropped[name] or name in fields]
    if not touched:
        return None
    present, etag = api.nodes.get_with_etag(node_id)
    for name in touched:
        kept = {key: held for key, held in present[name].items() if key not in dropped[name]}
        fields[name] = kept | fields.get(name, {})
    return etag
