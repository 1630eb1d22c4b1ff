# SPDX-License-Identifier: Apache-2.0
"""`qm cluster`: nodes that share a network and a purpose."""

import click

from inventory_service.cli.client import Thing, open_api, path_of
from inventory_service.cli.fields import given
from inventory_service.cli.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.output import print_item, print_items, say

COLUMNS = ("cluster_id", "cluster_type", "region", "mesh_prefix", "mesh_port", "retired_at")


@click.group()
@connection_options
def cluster() -> None:
    """Work with clusters: nodes that share a network and a purpose."""


@cluster.command("list")
@json_option
@connection_options
@pass_invocation
def list_clusters(invocation: Invocation, /) -> None:
    """List the clusters."""
    found = open_api(invocation).items("/api/v1/clusters", Thing("cluster"))
    print_items(found, COLUMNS, nothing="No clusters. Add one with: qm cluster add")


@cluster.command()
@click.argument("cluster_id")
@json_option
@connection_options
@pass_invocation
def show(invocation: Invocation, /, cluster_id: str) -> None:
    """Show one cluster."""
    thing = Thing("cluster", cluster_id)
    print_item(open_api(invocation).get(path_of("clusters", thing), thing))


@cluster.command()
@click.argument("cluster_id")
@click.option("--mesh-prefix", required=True, help="Network of the mesh, like 10.90.0.0/24.")
@click.option("--type", "cluster_type", help="central, regional or edge.")
@click.option("--region", help="Where it stands.")
@click.option("--mesh-port", type=int, help="UDP port of the mesh.")
@click.option("--reason", help="Stands in the audit record.")
@json_option
@connection_options
@pass_invocation
def add(invocation: Invocation, /, cluster_id: str, **fields: str | int | None) -> None:
    """Register a cluster."""
    thing = Thing("cluster", cluster_id)
    body = {"cluster_id": cluster_id} | given(**fields)
    made = open_api(invocation).post("/api/v1/clusters", thing, body)
    say(f"Cluster {made['cluster_id']} is registered.")
    print_item(made)


@cluster.command("set")
@click.argument("cluster_id")
@click.option("--type", "cluster_type", help="central, regional or edge.")
@click.option("--region", help="Where it stands; empty takes it away.")
@click.option("--mesh-port", type=int, help="UDP port of the mesh.")
@click.option("--reason", help="Stands in the audit record.")
@json_option
@connection_options
@pass_invocation
def set_fields(invocation: Invocation, /, cluster_id: str, **fields: str | int | None) -> None:
    """Change fields of a cluster; its mesh prefix stays: nodes hold addresses of it."""
    thing = Thing("cluster", cluster_id)
    body = given(**fields)
    if not body.keys() - {"reason"}:
        raise click.UsageError("Nothing to change: give at least one field, like --region eu.")
    changed = open_api(invocation).patch(path_of("clusters", thing), thing, body)
    say(f"Cluster {changed['cluster_id']} is changed.")
    print_item(changed)


@cluster.command()
@click.argument("cluster_id")
@click.option("--reason", required=True, help="Why; stands in the record.")
@json_option
@connection_options
@pass_invocation
def retire(invocation: Invocation, /, cluster_id: str, reason: str) -> None:
    """Retire a cluster that has no nodes left."""
    thing = Thing("cluster", cluster_id)
    path = path_of("clusters", thing, "retirement")
    record = open_api(invocation).post(path, thing, {"reason": reason})
    say(f"Cluster {cluster_id} is retired.")
    print_item(record)
