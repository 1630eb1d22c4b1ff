# SPDX-License-Identifier: Apache-2.0
"""A run as it happens, in a terminal: its log, line by line, and how it ended."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from inventory_service.cli.client.errors import Exit
from inventory_service.cli.client.invocation import wants_json
from inventory_service.cli.terminal.dates import format_duration
from inventory_service.cli.terminal.output import print_item
from inventory_service.cli.terminal.text import escape_controls
from inventory_service.client.runs import SUCCESS, Runs


def follow_run(runs: Runs, run: Mapping[str, Any]) -> None:
    """Print the log of a run until it ends, and end with 0 if it was successful, else with 1."""
    state, last = "", run
    # Also for programs: without it they would wait for a reason that nobody names.
    for progress in runs.watch(int(run["id"]), notice=partial(click.echo, err=True)):
        last = progress.run
        if state != last["state"]:
            state = last["state"]
            _note_state(last)
        for event in progress.events:
            if event["text"] and not wants_json():
                click.echo(escape_controls(_mark_slice(event, last)))
    _finish(last)


def _mark_slice(event: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return the text of an event, each line with its slice if the run has several."""
    text = str(event["text"])
    if not run.get("slice_count") or run.get("slice_of"):
        return text
    mark = f"[{event['slice_no']}/{run['slice_count']}] "
    return "\n".join(f"{mark}{line}" if line else line for line in text.split("\n"))


def _note_state(run: Mapping[str, Any]) -> None:
    """Say on standard error what the run does before it prints something itself."""
    if run["state"] in {"queued", "blocked", "starting", "cancelling", "awaiting_approval"}:
        why = f": {run['state_reason']}" if run["state_reason"] else ""
        click.echo(escape_controls(f"Run {run['id']} is {run['state']}{why}"), err=True)


def _finish(run: Mapping[str, Any]) -> None:
    if wants_json():
        print_item(run)
    else:
        counts = ", ".join(f"{count} {name}" for name, count in run["results"].items() if count)
        why = f": {run['state_reason']}" if run["state_reason"] else ""
        took = format_duration(run["started_at"], run["ended_at"])
        hosts = f" Hosts: {counts}." if counts else ""
        missing = run["missing_events"]
        lost = f" {missing} events are missing in its log." if missing else ""
        text = f"Run {run['id']} ({run['template']}) is {run['state']}{took}{why}.{hosts}{lost}"
        text += _describe_plan(run)
        click.echo(escape_controls(text), err=True)
    raise click.exceptions.Exit(Exit.OK if run["state"] == SUCCESS else Exit.FAILED)


def _describe_plan(run: Mapping[str, Any]) -> str:
    """Return what a plan would change, and the next step; nothing for other runs."""
    if not run.get("is_plan") or run["digest"] is None:
        return ""
    if not run["changes"]:
        return " It would change nothing."
    changes = "1 change" if run["changes"] == 1 else f"{run['changes']} changes"
    return f" It would make {changes}: qm run apply {run['id']}"
