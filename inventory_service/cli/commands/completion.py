# SPDX-License-Identifier: Apache-2.0
"""`qm completion`: what a shell needs to complete the words of `qm` and names of the fleet."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, /, shell: str) -> None:
    """Print the completion of a SHELL: bash 4.4 or newer, zsh or fish.

    For bash: echo 'eval "$(qm completion bash)"' >> ~/.bashrc
    """
    kind = get_completion_class(shell)
    if kind is None:  # what may be chosen is what click has
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(kind(context.find_root().command, {}, "qm", "_QM_COMPLETE").source())
