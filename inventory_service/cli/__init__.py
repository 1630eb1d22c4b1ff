# SPDX-License-Identifier: Apache-2.0
"""The command `qm`: one file a noun; it reaches the service over HTTP only.

`init`, `migrate`, `serve`, `worker`, `prune` and `database` are the exception: they run beside the
database.
"""

import click

from inventory_service.cli.client.invocation import connection_options
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.cli.program import Program

__all__ = ["main"]

#: In the order of docs/cli.md; each sentence is the first of the command's own help.
_COMMANDS = (
    LazyCommand(
        "init",
        "admin.init:init",
        "Create the database and the first admin token, which is shown only once.",
    ),
    LazyCommand(
        "migrate",
        "admin.migrate:migrate",
        "Bring the database (QM_DATABASE_URL) to the schema of this version.",
    ),
    LazyCommand(
        "serve",
        "admin.serve:serve",
        "Serve the API until SIGTERM or Ctrl-C; the database must be there (`qm init`).",
    ),
    LazyCommand(
        "worker",
        "admin.worker:worker",
        "Take runs until SIGTERM or Ctrl-C; those that it has begun go on without it.",
    ),
    LazyCommand(
        "database", "admin.databases:database", "Back up the database, or copy it into another one."
    ),
    LazyCommand(
        "prune",
        "admin.prune:prune",
        "Delete audit records, stored answers and events of runs past their retention.",
    ),
    LazyCommand("node", "commands.nodes:node", "Work with the machines of the fleet."),
    LazyCommand(
        "cluster",
        "commands.clusters:cluster",
        "Work with clusters: nodes that share a network and a purpose.",
    ),
    LazyCommand("project", "commands.projects:project", "Work with projects: what nodes are for."),
    LazyCommand(
        "environment",
        "commands.environments:environment",
        "Work with environments: which stage of its projects a node serves.",
    ),
    LazyCommand(
        "service",
        "commands.services:service",
        "Work with services: what projects run on nodes, each on one port.",
    ),
    LazyCommand(
        "template",
        "commands.templates:template",
        "Work with templates: which playbooks runs start, on which nodes, with which settings.",
    ),
    LazyCommand(
        "run", "commands.runs:run", "Order runs of playbooks, follow, cancel and relaunch them."
    ),
    LazyCommand(
        "schedule",
        "commands.schedules:schedule",
        "Work with schedules: runs that are ordered at set times.",
    ),
    LazyCommand(
        "webhook",
        "commands.webhooks:webhook",
        "Work with webhooks: signed requests of other programs that order runs.",
    ),
    LazyCommand(
        "workflow",
        "commands.workflows:workflow",
        "Work with workflows: runs and approvals that follow each other.",
    ),
    LazyCommand(
        "notification",
        "commands.notifications:notification",
        "Work with notifications: who hears of runs that have ended, by webhook, chat or mail.",
    ),
    LazyCommand(
        "orchestrator",
        "commands.orchestrator:orchestrator",
        "Orchestrate the servers that projects.csv declares; give one of the first four options.",
    ),
    LazyCommand("import", "commands.imports:import_group", "Import projects and nodes from files."),
    LazyCommand(
        "export",
        "commands.exports:export_group",
        "Write the inventory to files, for other tools.",
    ),
    LazyCommand(
        "account",
        "commands.accounts:account",
        "Work with accounts: people and programs, and their roles in projects.",
    ),
    LazyCommand(
        "whoami", "commands.whoami:whoami", "Show your account, and what you may do where."
    ),
    LazyCommand(
        "token", "commands.tokens:token", "Work with API tokens; all of it needs the role admin."
    ),
    LazyCommand(
        "port",
        "commands.ports:port",
        "Print the port of PROJECT in ENVIRONMENT: the same answer each time.",
    ),
    LazyCommand(
        "status",
        "commands.status:status",
        "Show the service's version, the fleet's revision and its nodes by state.",
    ),
    LazyCommand(
        "audit", "commands.audit:audit", "Show who did what, newest first; needs the role admin."
    ),
    LazyCommand(
        "completion",
        "commands.completion:completion",
        "Print the completion of a SHELL: bash 4.4 or newer, zsh or fish.",
    ),
)


@click.group(
    cls=Program,
    commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="quartermaster", prog_name="qm")
@connection_options
def main() -> None:
    """Quartermaster: one inventory for the whole fleet.

    The service is found by --url, QM_URL or a profile; the token by QM_TOKEN or the profile.
    Exit codes: 0 done, 1 refused or failed, 2 usage, 3 not reachable, 4 not found, 5 conflict,
    6 not allowed, 7 a dry run found something to change.
    """
