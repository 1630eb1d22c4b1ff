# SPDX-License-Identifier: Apache-2.0
"""`qm` as a process among others: output that is not read to its end, full disks, old encodings."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

#: How a write of standard output fails where the disk behind it is full.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class Program(click.Group):
    """The outermost group: what can happen to any of its commands is handled here."""

    def main(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 (click's signature)
        """Run the command; what the encoding of the output lacks is printed as an escape."""
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's signature)
        """Run the command that the words name."""
        with _suggesting_by_prefix(), _naming_output():
            result = super().invoke(ctx)
            # What fails later is a traceback of the interpreter.
            sys.stdout.flush()
            return result


@contextlib.contextmanager
def _suggesting_by_prefix() -> Iterator[None]:
    """Suggest the options that begin as an unknown one does, if any, before those like it."""
    try:
        yield
    except click.NoSuchOption as error:
        parameters = error.ctx.command.get_params(error.ctx) if error.ctx else []
        known = [option for parameter in parameters for option in parameter.opts]
        begun = sorted(option for option in known if option.startswith(error.option_name))
        if not begun:
            raise
        # In the message, since click keeps only possibilities that are nearly as long.
        choice = " or ".join(f"'{option}'" for option in begun)
        message = f"{error.message} Did you mean {choice}?"
        raise click.NoSuchOption(error.option_name, message, ctx=error.ctx) from None


@contextlib.contextmanager
def _naming_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # The reader has had enough, like `head`: that is no failure of this command.
        _drop_output()
        raise click.exceptions.Exit(0) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        # Here, since a list of commands needs none of what it imports.
        from inventory_service.cli.client.errors import Failure  # noqa: PLC0415

        raise Failure(
            f"the output cannot be written: {error.strerror}",
            next_step="make room where standard output goes to, and repeat the command",
        ) from error


def _drop_output() -> None:
    """Let what is still in the buffer go nowhere; the interpreter would fail with it at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
