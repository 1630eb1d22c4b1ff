# SPDX-License-Identifier: Apache-2.0
"""The options by which a command takes answers to a survey; secret ones come from files."""

from collections.abc import Iterable
from typing import Any

import click

from inventory_service.cli.client.options import json_pairs, pairs
from inventory_service.core.redaction import is_secret_name


def _take_answers(
    context: click.Context, option: click.Parameter, words: Iterable[str]
) -> dict[str, Any]:
    """Return the answers of `--set`.

    :raises click.BadParameter: as `json_pairs`; or one is secret by its name.
    """
    found = json_pairs(context, option, words)
    for name in found:
        if is_secret_name(name):
            message = (
                f"{name!r} looks like a secret, and all can read command lines: use "
                f"--set-file {name}=FILE, or {name}=- for standard input"
            )
            raise click.BadParameter(message, context, option)
    return found


def _add_answers(context: click.Context, option: click.Parameter, words: Iterable[str]) -> None:
    """Add the answers of `--set-file` to those of `--set`.

    :raises click.BadParameter: as `pairs`; a file can't be read, or an answer is given twice.
    """
    answers: dict[str, Any] = context.params.setdefault("answers", {})
    for name, path in pairs(context, option, words).items():
        if name in answers:
            raise click.BadParameter(f"{name!r} is given twice", context, option)
        try:
            with click.open_file(path, encoding="utf-8") as file:
                answers[name] = file.read().removesuffix("\n")
        except (OSError, ValueError) as error:
            message = f"{path!r} can't be read: {error}"
            raise click.BadParameter(message, context, option) from error


#: Their values are together in `answers`.
answer_option = click.option(
    "--set",
    "-e",
    "answers",
    callback=_take_answers,
    is_eager=True,  # before --set-file, which adds to it
    metavar="K=V",
    multiple=True,
    help="Answer to a question of the template, JSON or text. Repeatable.",
)
answer_file_option = click.option(
    "--set-file",
    callback=_add_answers,
    expose_value=False,
    metavar="K=FILE",
    multiple=True,
    help="Answer that is the text of a file, for secrets; - for standard input. Repeatable.",
)
