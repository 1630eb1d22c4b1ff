# SPDX-License-Identifier: Apache-2.0
"""`qm environment`: which stage of its projects a node serves."""

import click

from inventory_service.cli.commands.catalog import CommandSpec, make_group

environment = make_group(
    CommandSpec(
        noun="environment",
        collection="environments",
        key="environment",
        about="which stage of its projects a node serves",
        columns=("environment", "owner", "description", "retired_at"),
        first_fields=(),
        fields=(
            click.option("--description", help="What it is, in one line."),
            click.option("--owner", help="The person or team responsible for it."),
        ),
        set_help="Change fields of an environment.",
        retire_help="Retire an environment that has no nodes and no services left.",
    )
)
