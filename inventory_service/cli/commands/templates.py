# SPDX-License-Identifier: Apache-2.0
"""`qm template`: which playbooks runs start, on which nodes, with which settings."""

import click

from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.client.options import json_file, json_pairs
from inventory_service.cli.commands.catalog import CommandSpec, make_group
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.cli.terminal.output import print_json
from inventory_service.core.actors import Role

_FIELDS = (
    click.option("--description", help="What its runs do, in one line."),
    click.option(
        "--filters",
        callback=json_pairs,
        metavar="NAME=[…]",
        multiple=True,
        help="Which nodes: --filters 'state=[\"active\"]' --filters 'project=[\"shop\"]'.",
    ),
    click.option("--limit-variable", help="Variable that gets the hosts, instead of --limit."),
    click.option(
        "--requires-limit/--no-requires-limit", default=None, help="Whether orders need a limit."
    ),
    click.option(
        "--var",
        "variables",
        callback=json_pairs,
        metavar="K=V",
        multiple=True,
        help="Variable of each run, JSON or text. Repeatable; all of them are replaced.",
    ),
    click.option(
        "--survey", callback=json_file, metavar="FILE", help="The questions: a JSON Schema."
    ),
    click.option("--tag", "tags", multiple=True, help="Only tasks with this tag. Repeatable."),
    click.option("--skip-tag", "skip_tags", multiple=True, help="No task with this tag."),
    click.option("--forks", type=int, help="Hosts at once; default: 20."),
    click.option("--verbosity", type=int, help="0 to 4; default: 0."),
    click.option("--idle-timeout", "idle_timeout_s", type=int, help="Seconds without output."),
    click.option("--timeout", "timeout_s", type=int, help="Seconds in all."),
    click.option("--concurrency", type=int, help="Runs of it at once; 0 for any number."),
    click.option("--host-lock", help="exclusive or shared; an empty one for no lock on hosts."),
    click.option("--retries", type=int, help="How often a failed run is tried again; default: 0."),
    click.option("--retry-pause", "retry_pause_s", type=int, help="Seconds before each retry."),
    click.option(
        "--retry-hosts",
        type=click.Choice(["failed", "all"]),
        help="Which hosts a retry has; default: failed.",
    ),
    click.option("--slices", type=int, help="Slices of a run, split over its hosts; default: 1."),
    click.option(
        "--force-slices/--no-force-slices",
        default=None,
        help="Whether it is sliced also with run_once, serial and the like.",
    ),
    click.option(
        "--launch-role",
        type=click.Choice([role.value for role in Role]),
        help="The role of those who may order its runs.",
    ),
    click.option(
        "--approvals-needed", type=int, help="How many others must approve a run; default: 0."
    ),
    click.option(
        "--approver-role",
        type=click.Choice([Role.APPROVER.value, Role.ADMIN.value]),
        help="The role of those who may approve its runs.",
    ),
    click.option(
        "--approval-expiry",
        "approval_expiry_s",
        type=int,
        help="Seconds that a run waits for its approvals.",
    ),
    click.option(
        "--idempotent/--no-idempotent",
        "is_idempotent",
        default=None,
        help="Whether a lost run is ordered again by itself.",
    ),
)

template = make_group(
    CommandSpec(
        noun="template",
        collection="templates",
        key="template",
        about="which playbooks runs start, on which nodes, with which settings",
        columns=("template", "playbook", "description", "launch_role", "retired_at"),
        first_fields=(
            click.option(
                "--playbook", required=True, help="One that `qm template playbooks` lists."
            ),
        ),
        fields=_FIELDS,
        set_help="Change fields of a template; runs that were ordered stay as they are.",
        retire_help="Retire a template; no run of it can be ordered any more.",
    )
)

template.add_command(
    LazyCommand(
        "export",
        "commands.template_files:export_templates",
        "Write templates as YAML, for `qm template import`: fields that differ from the defaults.",
    )
)
template.add_command(
    LazyCommand(
        "import",
        "commands.template_files:import_templates",
        "Make the templates those of the files, all of them or none (`-` is standard input).",
    )
)


@template.command()
@json_option
@connection_options
@pass_invocation
def playbooks(invocation: Invocation, /) -> None:
    """List the playbooks that runs may start (QM_PLAYBOOKS_DIR of the service)."""
    names = open_api(invocation).templates.read_playbooks()
    if wants_json():
        print_json(names)
        return
    for name in names:
        click.echo(name)
    if not names:
        click.echo("No playbooks: QM_PLAYBOOKS_DIR of the service is not set.", err=True)
