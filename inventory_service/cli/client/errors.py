# SPDX-License-Identifier: Apache-2.0
"""Failures for people and scripts: a message, a next step, an exit code."""

import enum
import json
from typing import IO, Any

import click

from inventory_service.cli.client.invocation import wants_json
from inventory_service.cli.terminal.text import escape_controls


class Exit(enum.IntEnum):
    """Exit codes of `qm`; docs/cli.md explains them and a test compares the two."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    CONFLICT = 5
    NOT_ALLOWED = 6
    DIFFERENT = 7


class Failure(click.ClickException):
    """The end of a command: what failed, why, and what to do next.

    With `--json` it is printed as one JSON object on standard error.
    """

    def __init__(
        self,
        message: str,
        code: Exit = Exit.FAILED,
        *,
        next_step: str = "",
        problem: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = int(code)  # type: ignore[misc] # click reads it from the instance, too
        self.next_step = next_step
        self.problem = problem
        self._as_json = wants_json()

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the failure to standard error, for a person or for a program."""
        click.echo(self._json() if self._as_json else self._text(), file=file, err=file is None)

    def _text(self) -> str:
        step = f"\nNext: {self.next_step}" if self.next_step else ""
        return escape_controls(f"Error: {self.message}{step}")

    def _json(self) -> str:
        return json.dumps(
            {
                "error": self.message,
                "exit_code": self.exit_code,
                "next_step": self.next_step,
                "problem": self.problem,
            },
        )
