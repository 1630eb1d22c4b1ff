# SPDX-License-Identifier: Apache-2.0
"""The question before what cannot be undone: on a terminal yes or no, elsewhere --yes."""

import sys

import click

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.invocation import wants_json

yes_option = click.option("--yes", is_flag=True, help="Answer the question before it with yes.")


def confirm(question: str, *, yes: bool) -> None:
    """Return if the answer is yes, which --yes gives without a question.

    :raises Failure: the answer is no, or nobody is there to answer.
    """
    if yes:
        return
    if wants_json() or not sys.stdin.isatty():
        raise Failure(
            f"{question} Nobody is there to answer, and nothing was changed.",
            Exit.USAGE,
            next_step="look at what would be done, and add --yes",
        )
    if not click.confirm(question, err=True):
        raise Failure("Nothing was changed.", Exit.FAILED)
