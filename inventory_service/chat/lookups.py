# SPDX-License-Identifier: Apache-2.0
"""Commands that only read: the fleet, its nodes, runs, and why one is as it is."""

from collections.abc import Iterable

from inventory_service.chat.asked import Asked, read_words
from inventory_service.chat.domain.command_lines import COMMANDS, Intent
from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.run_messages import show_duration
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.pagination import Page, SortKey
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.queries import get_status
from inventory_service.fleet.usecases.nodes import list_nodes
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.queries import count_by_state
from inventory_service.runs.usecases.explanations import explain_run
from inventory_service.runs.usecases.orders import get_run, list_runs

_MOST_LISTED = 20


def show_help(intent: Intent, slash: str) -> Message:
    """Return the list of commands, or how one is written."""
    command = COMMANDS.get((intent.text or "").lower())
    if intent.text and command is None:
        raise BadInput(f"There is no command '{intent.text[:64]}'. Send `{slash} help`.")
    known = [command] if command else COMMANDS.values()
    lines = [f"{slash} {one.usage}: {one.about}" for one in known]
    return Message("Commands", "\n".join(lines))


def show_status(asked: Asked) -> Message:
    """Return the fleet at a glance."""
    found = get_status(asked.session)
    ended = {state.value for state in ENDED}
    runs = {
        state.replace("_", " "): count
        for state, count in count_by_state(asked.session).items()
        if state not in ended
    }
    return Message(
        f"The fleet at revision {found['revision']}",
        fields=(
            ("Nodes", _count(found["nodes"].items()) or "none"),
            ("Waiting for a new size", str(found["pending_resizes"])),
            ("Runs now", _count(runs.items()) or "none"),
        ),
    )


def show_nodes(asked: Asked) -> Message:
    """Return the nodes that fit the filters."""
    filters = {name: read_words(text) for name, text in asked.intent.options.items()}
    if "type" in filters:
        filters["node_type"] = filters.pop("type")
    known = {*(state.value for state in NodeState), "any"}
    _check_words("state", filters.get("state", []), known)
    page = Page((SortKey("node_id"), SortKey("id")), _MOST_LISTED + 1)
    nodes = list_nodes(asked.session, filters, page, prefix=asked.intent.text or "")
    lines = [_describe_node(node) for node in nodes]
    return _list("Nodes", lines, nothing="No node fits.")


def show_runs(asked: Asked) -> Message:
    """Return the last runs that fit the filters."""
    filters = {name: read_words(text) for name, text in asked.intent.options.items()}
    _check_words("state", filters.get("state", []), {state.value for state in RunState})
    page = Page((SortKey("id", is_descending=True),), _MOST_LISTED + 1)
    runs = list_runs(asked.session, filters, page)
    return _list("Runs", [_describe_run(run) for run in runs], nothing="No run fits.")


def show_why(asked: Asked) -> Message:
    """Return why a run waits, failed, or is what it is."""
    run = get_run(asked.session, asked.read_run_id())
    return Message(
        f"Run {run.id} of {run.template} is {run.state.replace('_', ' ')}",
        "\n".join(explain_run(asked.session, run).lines),
        link=f"{asked.link_url}/api/v1/runs/{run.id}",
    )


def show_account(asked: Asked) -> Message:
    """Return for whom the user of the platform acts."""
    actor = asked.actor
    grants = sorted((where or "all projects", role.value) for role, where in actor.grants)
    roles = "\n".join(f"{role} in {where}" for where, role in grants) or "no role"
    title = f"You act for the account {actor.account}, at most with the scope {actor.scope}"
    return Message(title, roles)


def _describe_node(node: Node) -> str:
    parts = (node.node_type, node.cluster_id, node.region, node.internal_ip)
    return f"{node.node_id}: {node.state}, {', '.join(part for part in parts if part)}"


def _describe_run(run: Run) -> str:
    took = ""
    if run.started_at and run.ended_at:
        took = f", {show_duration(run.started_at, run.ended_at)}"
    state = run.state.replace("_", " ")
    return f"{run.id} {run.template}: {state}, by {run.requested_by}{took}"


def _list(title: str, lines: list[str], *, nothing: str) -> Message:
    if not lines:
        return Message(nothing)
    more = ["… and more; narrow it by filters"] if len(lines) > _MOST_LISTED else []
    return Message(title, "\n".join(lines[:_MOST_LISTED] + more))


def _count(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts if count)


def _check_words(name: str, words: Iterable[str], known: set[str]) -> None:
    for word in words:
        if word not in known:
            raise BadInput(
                f"'{word[:64]}' is no {name}; there are {', '.join(sorted(known))}.",
                field_errors=[FieldError(name, f"{word[:64]!r} is none")],
            )
