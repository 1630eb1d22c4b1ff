# SPDX-License-Identifier: Apache-2.0
"""The options of one call of `qm` that choose the service and the form of the output."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass
class Invocation:
    """The options that are accepted before and after the command; None where not given."""

    profile: str | None = None
    url: str | None = None
    as_json: bool = False


_pass = click.make_pass_decorator(Invocation, ensure=True)


def pass_invocation(command: Callable[..., object]) -> Callable[..., object]:
    """Hand the invocation to a command as its first argument; errors of the client end it."""

    @functools.wraps(command)
    def run(invocation: Invocation, /, *arguments: object, **options: object) -> object:
        # Here, since a list of commands needs none of what it imports.
        from inventory_service.cli.client.failures import ending_with_failures  # noqa: PLC0415

        with ending_with_failures():
            return command(invocation, *arguments, **options)

    return _pass(run)


def connection_options(command: Command) -> Command:
    """Add `--profile` and `--url`, which choose the service."""
    command = click.option(
        "--url",
        metavar="URL",
        help="Address of the service; wins over QM_URL and the profile.",
        expose_value=False,
        callback=_remember,
    )(command)
    return click.option(
        "--profile",
        metavar="NAME",
        help="Section of the profile file to take the address and the token from.",
        expose_value=False,
        callback=_remember,
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`, which prints for programs instead of people."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        # A failure in another option must already know the form of the output.
        is_eager=True,
        help="Print JSON, for programs.",
        expose_value=False,
        callback=_remember,
    )(command)


def wants_json() -> bool:
    """Return whether the running command was asked for JSON."""
    context = click.get_current_context(silent=True)
    invocation = context.find_object(Invocation) if context else None
    return invocation is not None and invocation.as_json


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep the value; an option left out does not undo one given before the command."""
    if value and parameter.name:
        setattr(context.ensure_object(Invocation), parameter.name, value)
