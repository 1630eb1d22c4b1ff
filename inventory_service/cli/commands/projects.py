# SPDX-License-Identifier: Apache-2.0
"""`qm project`: what nodes are for."""

import click

from inventory_service.cli.commands.catalog import CommandSpec, make_group

project = make_group(
    CommandSpec(
        noun="project",
        collection="projects",
        key="project",
        about="what nodes are for",
        columns=("project", "owner", "description", "retired_at"),
        first_fields=(),
        fields=(
            click.option("--description", help="What it is, in one line."),
            click.option("--owner", help="The person or team responsible for it."),
        ),
        set_help="Change fields of a project.",
        retire_help="Retire a project that has no nodes and no services left.",
    )
)
