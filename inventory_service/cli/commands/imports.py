# SPDX-License-Identifier: Apache-2.0
"""`qm import`: a file becomes a plan, and with --apply planned nodes; `csv` reads projects."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.failures import failure_of
from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.cli.terminal.confirmation import confirm, yes_option
from inventory_service.cli.terminal.output import print_json, print_message, print_table
from inventory_service.cli.terminal.text import format_value
from inventory_service.client.errors import Refused, describe_more_errors, field_errors_of

Locate = Callable[[Mapping[str, Any]], Mapping[str, Any]]

COLUMNS = ("node_id", "change", "node_type", "project", "environment", "region", "spec", "state")
#: What comes next for nodes whose servers are ours to make.
MAKE_SERVERS = "Make the servers with: ansible-playbook quartermaster.fleet.provision"
_REMOVE_SERVERS = (
    "Destroy the servers of the retired ones with: ansible-playbook quartermaster.fleet.retire; "
    "it lists them and wants their number."
)
_OTHERS = (
    LazyCommand(
        "terraform",
        "commands.import_terraform:import_terraform",
        "Import what Terraform made: FILE is `terraform output -json` or a state (`-` is stdin).",
    ),
    LazyCommand(
        "nodes",
        "commands.import_nodes:import_nodes",
        "Register up to 10,000 nodes from FILE (`-` is stdin): CSV, JSON, JSON lines or YAML.",
    ),
)


@click.group("import", commands=_OTHERS)
@connection_options
def import_group() -> None:
    """Import projects and nodes from files."""


@import_group.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--cluster",
    help="Cluster of the nodes to add.",
    shell_complete=complete_names("cluster"),
)
@click.option("--provider", help="Provider of the nodes to add, like docker.")
@click.option("--reason", help="Reason, for the audit records.")
@click.option("--apply", "is_apply", is_flag=True, help="Record the plan that is printed.")
@click.option(
    "--max-retire",
    metavar="NUMBER",
    type=click.IntRange(min=0),
    help="Retire up to NUMBER nodes; default: a third of the live nodes of each environment.",
)
@yes_option
@json_option
@connection_options
@pass_invocation
def csv(
    invocation: Invocation,
    /,
    file: BinaryIO,
    *,
    is_apply: bool,
    yes: bool,
    **options: Any,  # noqa: ANN401 (click's values)
) -> None:
    """Check FILE (`-` is standard input), print the plan, and with --apply record it.

    Columns: Project,Servers,MasterSpec,WebSpec and, optional, Environment and Region. A plan that
    retires nodes is recorded only after a question, or with --yes.
    """
    name = getattr(file, "name", "-")
    order = {"format": "csv", "content": read_text(file.read(), name)}
    order |= drop_unset(**options)
    done = import_file(
        invocation,
        name,
        order,
        is_apply=is_apply,
        print_plan=print_projects_plan,
        confirm_plan=lambda plan: confirm_retirements(plan, yes=yes),
    )
    if done is None:
        return
    plan = done["plan"]
    is_empty = not any(plan[kind] for kind in ("add", "resize", "retire"))
    if not print_outcome(is_empty=is_empty, is_applied=done["applied"]):
        return
    if plan["add"] or plan["resize"]:
        print_message(MAKE_SERVERS)
    # A planned node never had a server.
    if any(node["state"] != "planned" for node in plan["retirements"]):
        print_message(_REMOVE_SERVERS)


def import_file(  # noqa: PLR0913 - what differs from one format to the next
    invocation: Invocation,
    name: str,
    order: dict[str, Any],
    *,
    is_apply: bool,
    print_plan: Callable[[dict[str, Any]], None],
    confirm_plan: Callable[[dict[str, Any]], None] = lambda _plan: None,
    locate: Locate = dict,
) -> dict[str, Any] | None:
    """Show the plan of a file and, if asked, record exactly that; return the last answer.

    With --json all is printed by then, and None is returned. ``confirm_plan`` ends the command if
    the plan must not be recorded. ``locate`` adds the line in the file to a field error, where the
    service does not know it.
    """
    api = open_api(invocation)
    with _locating(name, locate):
        answer = api.plan_import(order, name=name)
    if not wants_json():
        print_plan(answer["plan"])
    if is_apply:
        confirm_plan(answer["plan"])
        # The digest makes the service refuse when the fleet changed after this plan was printed.
        digest = answer["plan"]["digest"]
        with _locating(name, locate):
            answer = api.apply_import(order, plan_digest=digest, name=name)
    if wants_json():
        print_json(answer)
        return None
    return answer


def read_text(content: bytes, name: str) -> str:
    """Return the file's text, its line ends and byte order mark untouched: the service judges.

    :raises Failure: it is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line = before.count("\n") + 1
        column = before.rpartition("\n")[2].count(",") + 1
        raise Failure(
            f"{name}, line {line}, column {column}: byte 0x{content[error.start]:02x} is not UTF-8",
            next_step="save the file as UTF-8 and import it again; nothing was changed",
        ) from error


def print_outcome(*, is_empty: bool, is_applied: bool) -> bool:
    """Print whether a plan was recorded, and return whether it has changed the fleet."""
    if is_empty:
        print_message("There is nothing to record.")
    elif is_applied:
        print_message("Recorded.")
    else:
        print_message("Nothing is changed yet. Record this plan with --apply.")
    return is_applied and not is_empty


def print_field_errors(name: str, problem: Mapping[str, Any]) -> str:
    """Return a line for each error in a file, with its location: line and column, or its field."""
    lines = [
        f"{name}{_location_of(field_error)}: {field_error.get('reason', '')}"
        for field_error in field_errors_of(problem)
    ]
    return "\n".join([*lines, *describe_more_errors(problem)])


@contextlib.contextmanager
def _locating(name: str, locate: Locate) -> Iterator[None]:
    """Name the errors of a file by its lines and fields, where the service refuses them."""
    try:
        yield
    except Refused as error:
        problem = dict(error.problem)
        problem["errors"] = [locate(field_error) for field_error in error.field_errors]
        # A field error in the request itself, like an unknown cluster, has no location in the file.
        if not any(_has_location(field_error) for field_error in problem["errors"]):
            raise
        raise Failure(
            print_field_errors(name, problem),
            Exit(failure_of(error).exit_code),
            next_step="correct the file and import it again; nothing was changed",
            problem=problem,
        ) from error


def _has_location(field_error: Mapping[str, Any]) -> bool:
    return bool(field_error.get("line")) or "." in str(field_error.get("field", ""))


def _location_of(field_error: Mapping[str, Any]) -> str:
    field = format_value(field_error.get("field", ""))
    if field_error.get("line"):
        column = f", column {field_error['column']}" if field_error.get("column") else ""
        return f", line {field_error['line']}{column}: {field}"
    return f": {field}"


def print_projects_plan(plan: dict[str, Any]) -> None:
    """Print what a projects.csv would change."""
    rows = list(_rows(plan))
    if rows:
        print_table(COLUMNS, rows)
    counts = ", ".join(f"{len(plan[kind])} to {kind}" for kind in ("add", "resize", "retire"))
    click.echo(f"Plan: {counts}, {plan['unchanged']} unchanged.")
    _print_differences(plan["differences"])
    for kind in ("projects", "environments"):
        if plan[f"new_{kind}"]:
            click.echo(f"New {kind}: {', '.join(plan[f'new_{kind}'])}.")
    for share in plan["shares"]:
        click.echo(
            f"Retires {share['retire']} of {share['live']} live nodes of the environment "
            f"{share['environment']}."
        )


def _print_differences(differences: list[dict[str, Any]]) -> None:
    if not differences:
        return
    first = differences[0]
    nodes = "1 node has" if len(differences) == 1 else f"{len(differences)} nodes have"
    click.echo(
        f"{nodes} another region than the file, which an import leaves as it is. If the record is "
        f"wrong: qm node set {first['node_id']} --region {first['file']}; else correct the file. "
        "A server that must move is retired, and made anew."
    )


def confirm_retirements(plan: dict[str, Any], *, yes: bool) -> None:
    """Ask before nodes are retired; :raises Failure: as `confirm`."""
    number = len(plan["retire"])
    if number:
        confirm(f"Retire {number} node{'' if number == 1 else 's'}?", yes=yes)


def _rows(plan: dict[str, Any]) -> Iterator[list[object]]:
    """Yield a row of the table for each node that the plan touches."""
    for node in plan["add"]:
        yield [{"change": "add", **node}.get(name) for name in COLUMNS]
    for node in plan["resize"]:
        sizes = f"{node['from_spec'] or 'none'} → {node['to_spec']}"
        yield [{**node, "change": "resize", "spec": sizes}.get(name) for name in COLUMNS]
    for node in plan["differences"]:
        region = f"{node['recorded'] or 'none'}, in the file {node['file']}"
        yield [{**node, "change": "differs", "region": region}.get(name) for name in COLUMNS]
    for node in plan["retirements"]:
        yield [{"change": "retire", **node}.get(name) for name in COLUMNS]
