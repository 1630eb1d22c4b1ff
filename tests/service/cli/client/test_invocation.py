# SPDX-License-Identifier: Apache-2.0
"""The common options are accepted at each level, and the last one that was given counts."""

import click
import pytest
from click.testing import CliRunner

from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)


@click.group()
@connection_options
def group() -> None:
    """Stand for `qm`."""


@group.command()
@click.option("--limit", type=int)
@json_option
@connection_options
@pass_invocation
def show(invocation: Invocation, /, limit: int | None) -> None:
    """Print what the command was called with."""
    del limit
    click.echo(f"{invocation.url} {invocation.profile} {invocation.as_json} {wants_json()}")


def test_without_options_nothing_is_chosen() -> None:
    assert CliRunner().invoke(group, ["show"]).stdout == "None None False False\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--url", "u", "--profile", "p", "show", "--json"],
        ["--url", "u", "show", "--profile", "p", "--json"],
        ["show", "--url", "u", "--profile", "p", "--json"],
        ["--url", "other", "--profile", "p", "show", "--url", "u", "--json"],
    ],
)
def test_an_option_counts_before_and_after_the_command(words: list[str]) -> None:
    assert CliRunner().invoke(group, words).stdout == "u p True True\n"


def test_outside_of_a_command_nobody_wants_json() -> None:
    assert not wants_json()


def test_a_failure_in_an_earlier_option_knows_the_form_of_the_output() -> None:
    asked = []

    def check(_context: click.Context, _option: click.Parameter, value: str) -> None:
        asked.append((value, wants_json()))

    command = json_option(click.Command("qm", params=[click.Option(["--when"], callback=check)]))
    CliRunner().invoke(command, ["--when", "now", "--json"])
    assert asked == [("now", True)]
