# SPDX-License-Identifier: Apache-2.0
"""A workflow's run as a tree of its steps, and as it happens."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from inventory_service.cli.client.errors import Exit
from inventory_service.cli.client.invocation import wants_json
from inventory_service.cli.terminal.dates import format_duration
from inventory_service.cli.terminal.output import print_item
from inventory_service.cli.terminal.text import escape_controls
from inventory_service.client.workflows import Workflows

#: How often it is asked how far the steps are.
_EACH_S = 1.0
_LIVE = frozenset({"running", "cancelling"})


def follow_workflow(workflows: Workflows, run_id: int) -> None:
    """Print each change of a step until the end, then the tree; end with 0 if it went well."""
    seen: dict[str, str] = {}
    while True:
        run = workflows.get_run(run_id)
        for step in run["steps"]:
            if seen.get(step["step"], "waiting") != step["state"]:
                click.echo(escape_controls(f"{step['step']}: {_describe(step)}"), err=True)
            seen[step["step"]] = step["state"]
        if run["state"] not in _LIVE:
            break
        time.sleep(_EACH_S)
    print_workflow_run(run)
    is_good = run["state"] == "successful"
    raise click.exceptions.Exit(Exit.OK if is_good else Exit.FAILED)


def print_workflow_run(run: Mapping[str, Any]) -> None:
    """Print a workflow's run: its state, and its steps as a tree, each below one that it needs."""
    if wants_json():
        print_item(run)
        return
    why = f": {run['state_reason']}" if run["state_reason"] else ""
    click.echo(escape_controls(f"{run['workflow']} (run {run['id']}) is {run['state']}{why}"))
    for line in _draw(run["steps"]):
        click.echo(escape_controls(line))


def _draw(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the tree; a step with several needs is below the last of them."""
    below: dict[str | None, list[Mapping[str, Any]]] = {}
    for step in steps:
        parent = step["needs"][-1]["step"] if step["needs"] else None
        below.setdefault(parent, []).append(step)
    yield from _draw_below(None, below, "")


def _draw_below(
    parent: str | None, below: Mapping[str | None, Sequence[Mapping[str, Any]]], indent: str
) -> Iterator[str]:
    steps = below.get(parent, ())
    for number, step in enumerate(steps, 1):
        is_last = number == len(steps)
        branch, further = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield f"{indent}{branch}{_name_need(step)}{step['step']}: {_describe(step)}"
        yield from _draw_below(step["step"], below, indent + further)


def _name_need(step: Mapping[str, Any]) -> str:
    """Return on what a step begins, where that is not the success of one step."""
    needs = step["needs"]
    if len(needs) > 1:
        word = f" {'and' if step['join'] == 'all' else 'or'} "
        return f"[{word.join(_name(need) for need in needs)}] "
    return f"[{needs[0]['when']}] " if needs and needs[0]["when"] != "success" else ""


def _name(need: Mapping[str, str]) -> str:
    return need["step"] if need["when"] == "success" else f"{need['step']} {need['when']}"


def _describe(step: Mapping[str, Any]) -> str:
    parts = [step["state"]]
    if step["run_id"]:
        parts.append(f"(run {step['run_id']})")
    if step["kind"] == "approval" and step["started_at"]:
        parts.append(f"({step['approvals_given']} of {step['approvals_needed']})")
    if step["started_at"] and step["ended_at"]:
        parts.append(format_duration(step["started_at"], step["ended_at"]).strip())
    why = f": {step['state_reason']}" if step["state_reason"] else ""
    return " ".join(parts) + why
