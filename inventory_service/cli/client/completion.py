# SPDX-License-Identifier: Apache-2.0
"""Names of the fleet for the completion of a shell: asked once, quickly, and in silence."""

import contextlib
import io
import re
from collections.abc import Callable, Iterator, Mapping

import click
from click.shell_completion import CompletionItem

from inventory_service.cli.client.http import Client, Query, Target
from inventory_service.cli.client.invocation import Invocation
from inventory_service.client import ClientError
from inventory_service.core.labels import LABEL_PATTERN

#: Whoever presses a key waits for the answer: to connect, and for each part of it.
TIMEOUT_S = (0.5, 1.5)
#: More than a person reads; with another letter there are fewer.
_MOST = 200
_KEYS = {"node": "node_id", "cluster": "cluster_id"}
_LABEL = re.compile(LABEL_PATTERN)
#: What can go wrong on the way to a name; the person has not asked for anything yet.
_SILENT = (
    ClientError,
    click.ClickException,
    click.Abort,
    OSError,
    ValueError,
    LookupError,
    TypeError,
)

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete_names(noun: str, *, state: str | None = None) -> Completer:
    """Return what completes the name of a node, cluster, project, environment or service."""
    key = _KEYS.get(noun, noun)
    query: Query = {"fields": key, "sort": key, "limit": 1000}

    def complete(
        context: click.Context, _parameter: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        # A fleet may have more nodes than one page; of the other nouns it has few names.
        narrowed = {"prefix": begun, "state": state} if noun == "node" else {}
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(*_SILENT):
            names = list(_ask(context, noun, {**query, **narrowed}, key))
            return [CompletionItem(name) for name in names if name.startswith(begun)][:_MOST]
        return []

    return complete


def _ask(context: click.Context, noun: str, query: Query, key: str) -> Iterator[str]:
    """Yield the names of a page, but no name that a shell could interpret: only labels."""
    invocation = context.find_object(Invocation) or Invocation()
    api = Client(
        invocation.url,
        profile=invocation.profile,
        door="cli",
        pause=_give_up,
        timeout_s=TIMEOUT_S,
    )
    page: Mapping[str, list[Mapping[str, str]]] = api.get(f"/api/v1/{noun}s", Target(noun), query)
    for item in page["items"]:
        if _LABEL.match(item[key]):
            yield item[key]


def _give_up(_wait_s: float) -> None:
    raise click.Abort
