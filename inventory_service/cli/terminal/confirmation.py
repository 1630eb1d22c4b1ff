# SPDX-License-Identifier: Apache-2.0
"""The question before what cannot be undone: on a terminal yes or no, elsewhere --yes."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.invocation import wants_json
from inventory_service.cli.terminal.output import HEADS
from inventory_service.cli.terminal.text import format_value

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


def confirm_act(
    act: str, read: Callable[[], Mapping[str, Any]], fields: Sequence[str], *, yes: bool
) -> None:
    """Ask about one item, which is read and shown with some of its fields before the question.

    :raises Failure: as `confirm`; or the item cannot be read.
    """
    if yes:
        return
    item = read()
    known = [f"{_word(field)} {format_value(item[field])}" for field in fields if item[field]]
    confirm(f"{act} ({', '.join(known)})?" if known else f"{act}?", yes=False)


def _word(field: str) -> str:
    # Only a table needs the short form.
    return field if field == "environment" else HEADS.get(field, field).replace("_", " ")
