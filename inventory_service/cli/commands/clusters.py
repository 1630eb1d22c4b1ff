# SPDX-License-Identifier: Apache-2.0
"""`qm cluster`: nodes that share a network and a purpose."""

import click

from inventory_service.cli.commands.catalog import CommandSpec, make_group

cluster = make_group(
    CommandSpec(
        noun="cluster",
        collection="clusters",
        key="cluster_id",
        about="nodes that share a network and a purpose",
        columns=("cluster_id", "cluster_type", "region", "mesh_prefix", "mesh_port", "retired_at"),
        first_fields=(
            click.option(
                "--mesh-prefix", required=True, help="Network of the mesh, like 10.90.0.0/24."
            ),
        ),
        fields=(
            click.option("--type", "cluster_type", help="central, regional or edge."),
            click.option("--region", help="Region that it runs in."),
            click.option("--mesh-port", type=int, help="UDP port of the mesh."),
        ),
        set_help=("Change fields of a cluster; its mesh prefix stays: nodes hold addresses of it."),
        retire_help="Retire a cluster that has no nodes left.",
    )
)
