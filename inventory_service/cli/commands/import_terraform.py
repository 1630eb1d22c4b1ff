# SPDX-License-Identifier: Apache-2.0
"""`qm import terraform`: what Terraform made becomes a plan, and with --apply nodes."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.errors import Failure
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.imports import import_file, read_text
from inventory_service.cli.commands.plan_output import format_change, print_nodes_outcome
from inventory_service.cli.terminal.output import print_table
from inventory_service.cli.terminal.text import format_value
from inventory_service.core.json_numbers import read_json
from inventory_service.imports.domain.terraform_files import prune_terraform

COLUMNS = ("node_id", "change", "fields", "terraform")
#: How each kind of what is skipped is announced.
_WORDS = {"server": "Not mapped", "field": "Left out", "warning": "Warning"}


@click.command("terraform")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--cluster",
    help="Cluster of the nodes to add for which the file names none.",
    shell_complete=complete_names("cluster"),
)
@click.option("--reason", help="Reason, for the audit records.")
@click.option("--apply", "is_apply", is_flag=True, help="Record the plan that is printed.")
@json_option
@connection_options
@pass_invocation
def import_terraform(
    invocation: Invocation,
    /,
    file: BinaryIO,
    cluster: str | None,
    reason: str | None,
    *,
    is_apply: bool,
) -> None:
    """Import what Terraform made: FILE is `terraform output -json` or a state (`-` is stdin).

    Prints the plan, and with --apply records it. Only what docs/terraform.md names is sent to the
    service; sensitive values never are.
    """
    name = getattr(file, "name", "-")
    order = {"format": "terraform", "content": _prune(file.read(), name)}
    order |= drop_unset(cluster=cluster, reason=reason)
    done = import_file(invocation, name, order, is_apply=is_apply, print_plan=_print_plan)
    if done is not None:
        print_nodes_outcome(done)


def _prune(content: bytes, name: str) -> str:
    """Return the file's JSON without what the convention does not read.

    :raises Failure: it is not JSON.
    """
    text = read_text(content, name).removeprefix("\ufeff")
    try:
        return json.dumps(prune_terraform(read_json(text)), separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        location = (
            f", line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise Failure(
            f"{name}{location}: this is not JSON",
            next_step="make the file with `terraform output -json` or `terraform state pull`",
        ) from error


def _print_plan(plan: dict[str, Any]) -> None:
    rows = list(_rows(plan))
    if rows:
        print_table(COLUMNS, rows)
    for skip in plan["skipped"]:
        more = f" and {skip['more']} more" if skip["more"] else ""
        word = _WORDS[skip["kind"]]
        click.echo(
            f"{word}: {format_value(skip['address'])}{more}: {format_value(skip['reason'])}."
        )
    unmapped = sum(1 + skip["more"] for skip in plan["skipped"] if skip["kind"] == "server")
    click.echo(
        f"Plan: {len(plan['add'])} to add, {len(plan['update'])} to update, "
        f"{plan['unchanged']} unchanged, {unmapped} not mapped."
    )


def _rows(plan: dict[str, Any]) -> Iterator[list[object]]:
    """Yield a row of the table for each node that the plan touches."""
    for node in plan["add"]:
        yield [node["node_id"], "add", node["fields"], node["address"]]
    for node in plan["update"]:
        changes = ", ".join(map(format_change, node["changes"]))
        yield [node["node_id"], "update", changes, node["address"]]
