# SPDX-License-Identifier: Apache-2.0
"""`qm export`: the fleet for other tools, and for a day without the service."""

import contextlib
import itertools
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from inventory_service.cli.client.http import Client, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
)
from inventory_service.cli.client.node_filters import filter_options, filters_of
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.formats.ansible_yaml import write_inventory
from inventory_service.cli.formats.atomic_write import atomic_write
from inventory_service.cli.formats.csv_nodes import KNOWN, CsvWriter
from inventory_service.cli.formats.json_nodes import JsonWriter
from inventory_service.cli.formats.node_files import FORMS, find_form
from inventory_service.cli.terminal.lists import list_options
from inventory_service.cli.terminal.text import format_value
from inventory_service.core.redaction import redact


@click.group("export")
@connection_options
def export_group() -> None:
    """Write the inventory to files, for other tools."""


@export_group.command("nodes")
@click.option(
    "--format",
    "form",
    type=click.Choice(sorted(set(FORMS.values()))),
    help="Default: by the suffix of --output, else csv; yaml is an inventory for Ansible.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to FILE, whole or not at all, instead of standard output.",
)
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Keep labels and variables that are named like secrets; else they are left out.",
)
@filter_options
@list_options
@json_option
@connection_options
@pass_invocation
def export_nodes(
    invocation: Invocation,
    /,
    form: str | None,
    output: Path | None,
    sort: str | None,
    fields: str | None,
    *,
    with_secrets: bool,
    **filters: tuple[str, ...],
) -> None:
    """Write the nodes as CSV, JSON, JSON lines or an Ansible inventory in YAML.

    The filters are those of `qm node list`. `qm import nodes` reads what this writes.
    """
    chosen = _choose_form(invocation, form, output)
    if chosen == "yaml" and (sort or fields):
        raise click.UsageError("An inventory is whole and sorted: leave --sort and --fields out.")
    secrets = _Secrets(are_kept=with_secrets)
    api = open_api(invocation)
    query = {**filters_of(filters), **drop_unset(sort=sort, fields=fields)}
    if chosen == "yaml":
        document = api.inventory.read_columns(query)
        with _opened(output) as file:
            write_inventory(file, document, secrets.clean)
    else:
        _write_rows(api, query, chosen, output, secrets)
    secrets.report()


def _choose_form(invocation: Invocation, form: str | None, output: Path | None) -> str:
    if invocation.as_json:
        if form not in {None, "json"}:
            raise click.UsageError("--json is short for --format json: give one of them.")
        return "json"
    return form or (find_form(output.name) if output else None) or "csv"


def _write_rows(
    api: Client, query: Mapping[str, Any], form: str, output: Path | None, secrets: "_Secrets"
) -> None:
    found = api.nodes.iterate(**query)
    # Before a file is touched: what the service refuses, it refuses at the first page.
    first = next(found, None)
    nodes = itertools.chain(() if first is None else (first,), found)
    columns = query["fields"].split(",") if "fields" in query else list(first or KNOWN)
    with _opened(output) as file:
        rows = _make_writer(file, form, columns)
        for node in nodes:
            rows.write(secrets.clean_node(node))
        rows.end()


def _make_writer(file: TextIO, form: str, columns: Sequence[str]) -> CsvWriter | JsonWriter:
    if form == "csv":
        return CsvWriter(file, columns)
    return JsonWriter(file, is_array=form == "json")


def _opened(output: Path | None) -> contextlib.AbstractContextManager[TextIO]:
    if output is None:
        # As a file has it; what reads the export does not know this terminal's encoding.
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="strict")
        return contextlib.nullcontext(sys.stdout)
    return atomic_write(output)


class _Secrets:
    """Leaves out what is named like a secret: a file is kept longer than an answer of the API.

    Left out, not replaced: a variable that is missing stops a playbook, a wrong one is applied.
    """

    def __init__(self, *, are_kept: bool) -> None:
        self._are_kept = are_kept
        self._left_out: Counter[str] = Counter()

    def clean_node(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return the node without secrets among its labels and variables."""
        return {
            name: self.clean(held) if name in {"labels", "vars"} else held
            for name, held in node.items()
        }

    def clean(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the variables without secrets, also among their labels."""
        if self._are_kept:
            return variables
        kept = {}
        for name, held in variables.items():
            value = self.clean(held) if name == "labels" and isinstance(held, dict) else held
            if redact({name: value}) == {name: value}:
                kept[name] = value
            else:
                self._left_out[name] += 1
        return kept

    def report(self) -> None:
        """Print the names of what was left out to standard error."""
        if self._left_out:
            names = ", ".join(
                f"{format_value(name)} ({n})" for name, n in sorted(self._left_out.items())
            )
            click.echo(f"Left out as secrets: {names}. --with-secrets keeps them.", err=True)
