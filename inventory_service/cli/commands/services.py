# SPDX-License-Identifier: Apache-2.0
"""`qm service`: what projects run on nodes, and on which port."""

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.commands.catalog import CommandSpec, make_group

service = make_group(
    CommandSpec(
        noun="service",
        collection="services",
        key="service",
        about="what projects run on nodes, each on one port",
        columns=("service", "port", "project", "environment", "node_types", "nodes", "scrape_job"),
        first_fields=(
            click.option(
                "--project",
                required=True,
                help="The project it belongs to.",
                shell_complete=complete_names("project"),
            ),
            click.option(
                "--environment",
                required=True,
                help="The environment it runs in.",
                shell_complete=complete_names("environment"),
            ),
            click.option(
                "--port", type=int, help="A certain port; default: the service assigns one."
            ),
            click.option("--port-base", type=int, help="First port of the range to assign from."),
            click.option("--port-range", type=int, help="Size of that range."),
        ),
        fields=(
            click.option("--description", help="What it is, in one line."),
            click.option("--protocol", help="http, https, tcp or udp."),
            click.option(
                "--node-type",
                "node_types",
                multiple=True,
                help="Runs on the nodes of this type in its project and environment. Repeatable.",
            ),
            click.option(
                "--node",
                "nodes",
                multiple=True,
                help="Runs on this node. Repeatable.",
                shell_complete=complete_names("node"),
            ),
            click.option(
                "--health-path", help="Path that answers 2xx while it is healthy, like /health."
            ),
            click.option("--scrape-job", help="The job under which Prometheus scrapes it."),
            click.option("--metrics-path", help="Path that Prometheus scrapes; default: /metrics."),
        ),
        set_help="Change fields of a service; its port stays: clients and firewalls know it.",
        retire_help="Retire a service; its port is not given again.",
    )
)
