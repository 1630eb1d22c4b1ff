# SPDX-License-Identifier: Apache-2.0
"""Commands that are imported when they are called, so that `qm` starts with nothing it won't use.

After click's pattern "Lazily Loading Subcommands" (click 8.2, documentation, Complex Applications),
with one difference: there a group loads all commands to list them, so that `qm --help` and each TAB
would import the whole service. Here the group knows their first sentences.
"""

import importlib
from typing import Any

import click


class LazyCommand(click.Command):
    """The location of a command, with the name and the first sentence that its group lists."""

    def __init__(self, name: str, location: str, sentence: str) -> None:
        """Take the location as `module:attribute`; the module is one of `inventory_service.cli`."""
        super().__init__(name, help=sentence)
        self.module, _, self._attribute = location.partition(":")

    def load(self) -> click.Command:
        """Return the command itself."""
        module = importlib.import_module(f"inventory_service.cli.{self.module}")
        command: click.Command = getattr(module, self._attribute)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 (click's signature)
    ) -> click.Context:
        """Return the context of the command itself: whatever is done with it begins here."""
        return self.load().make_context(info_name, args, parent, **extra)
