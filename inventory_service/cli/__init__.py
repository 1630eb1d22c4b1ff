# SPDX-License-Identifier: Apache-2.0
"""The command `qm`: one file a noun; it reaches the service over HTTP only.

`init`, `migrate`, `serve`, `prune` and `database` are the exception: they run beside the database.
"""

import click

from inventory_service.cli.audit import audit
from inventory_service.cli.clusters import cluster
from inventory_service.cli.completion import completion
from inventory_service.cli.databases import database
from inventory_service.cli.environments import environment
from inventory_service.cli.exports import export_group
from inventory_service.cli.graphs import graph
from inventory_service.cli.imports import import_group
from inventory_service.cli.invocation import connection_options
from inventory_service.cli.node_imports import import_nodes
from inventory_service.cli.nodes import node
from inventory_service.cli.ports import port
from inventory_service.cli.projects import project
from inventory_service.cli.retention import prune
from inventory_service.cli.services import service
from inventory_service.cli.serving import init, migrate, serve
from inventory_service.cli.status import status
from inventory_service.cli.terraform import import_terraform
from inventory_service.cli.tokens import token

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="quartermaster", prog_name="qm")
@connection_options
def main() -> None:
    """Quartermaster: one inventory for the whole fleet.

    The service is found by --url, QM_URL or a profile; the token by QM_TOKEN or the profile.
    Exit codes: 0 done, 1 refused or failed, 2 usage, 3 not reachable, 4 not found, 5 conflict,
    6 not allowed.
    """


node.add_command(graph)
import_group.add_command(import_terraform)
import_group.add_command(import_nodes)
for command in (
    init,
    migrate,
    serve,
    database,
    prune,
    node,
    cluster,
    project,
    environment,
    service,
    import_group,
    export_group,
    token,
    port,
    status,
    audit,
    completion,
):
    main.add_command(command)
