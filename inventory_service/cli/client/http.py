# SPDX-License-Identifier: Apache-2.0
"""The service as a command has it: the client of docs/python.md, for one call of `qm`."""

import click

from inventory_service.cli.client.invocation import Invocation, wants_json
from inventory_service.client import Client, Target
from inventory_service.client.transport import Query, path_of

__all__ = ["Client", "Query", "Target", "open_api", "path_of"]


def open_api(invocation: Invocation) -> Client:
    """Return the service that this call is for; pauses and warnings go to standard error."""
    return Client(invocation.url, profile=invocation.profile, door="cli", notice=_note)


def _note(sentence: str) -> None:
    if not wants_json():
        click.echo(sentence, err=True)
