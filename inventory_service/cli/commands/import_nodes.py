# SPDX-License-Identifier: Apache-2.0
"""`qm import nodes`: many nodes from one file, all of them or none."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.imports import import_file, print_field_errors, read_text
from inventory_service.cli.commands.plan_output import print_nodes_outcome, print_nodes_plan
from inventory_service.cli.formats.node_files import find_form, read_rows
from inventory_service.cli.formats.source_row import Row
from inventory_service.core.ansible_keywords import warn_of_keywords
from inventory_service.core.errors import BadInput, list_field_errors

_ADDRESS = re.compile(r"nodes\[([0-9]+)\](?:\.(.*))?\Z", re.DOTALL)


@click.command("nodes")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "jsonl", "yaml"]),
    help="Format of FILE; default: by the suffix of its name.",
)
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
def import_nodes(
    invocation: Invocation,
    /,
    file: BinaryIO,
    form: str | None,
    cluster: str | None,
    reason: str | None,
    *,
    is_apply: bool,
) -> None:
    """Register up to 10,000 nodes from FILE (`-` is stdin): CSV, JSON, JSON lines or YAML.

    Prints the plan, and with --apply records it. Reads what `qm export nodes` writes; nodes that
    exist already are changed where the file has other values.
    """
    name = getattr(file, "name", "-")
    chosen = form or find_form(name)
    if chosen is None:
        raise click.UsageError(f"{name}: choose the format of the file with --format.")
    rows = _read(file.read(), name, chosen)
    for warning in warn_of_keywords(_list_variables(rows)):
        click.echo(f"Warning: {warning}", err=True)
    content = json.dumps([row.fields for row in rows], ensure_ascii=False, separators=(",", ":"))
    order = {"format": "nodes", "content": content, **drop_unset(cluster=cluster, reason=reason)}
    done = import_file(
        invocation,
        name,
        order,
        is_apply=is_apply,
        print_plan=print_nodes_plan,
        locate=lambda field_error: _locate(field_error, rows),
    )
    if done is not None:
        print_nodes_outcome(done)


def _read(content: bytes, name: str, form: str) -> list[Row]:
    try:
        return read_rows(read_text(content, name), form)
    except BadInput as refusal:
        problem = {"title": refusal.detail, **list_field_errors(refusal.field_errors)}
        raise Failure(
            print_field_errors(name, problem),
            Exit.FAILED,
            next_step="correct the file and import it again; nothing was changed",
            problem=problem,
        ) from refusal


def _list_variables(rows: Sequence[Row]) -> set[str]:
    """Return the names of all variables; whether they are valid, the service decides."""
    held = [row.fields.get("vars") for row in rows if isinstance(row.fields, dict)]
    return {str(name) for variables in held if isinstance(variables, dict) for name in variables}


def _locate(field_error: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Return the field error with its line in the file, where it is about a row."""
    match = _ADDRESS.match(str(field_error.get("field", "")))
    if match is None or int(match[1]) >= len(rows):
        return dict(field_error)
    return {**field_error, "field": match[2] or "row", "line": rows[int(match[1])].line}
