# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/ that follow from the code: `make docs` writes them, a test compares them.

A table stands between `<!-- table NAME -->` and `<!-- end -->`.
"""

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from flask import Flask
from pydantic.fields import FieldInfo

from inventory_service.app import create_app
from inventory_service.cli import main as qm
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.client_settings import ClientSettings
from inventory_service.fleet.domain.nodes import TRANSITIONS, NodeState, Verb
from inventory_service.settings import Settings

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- table (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
# Files of the page that shows the API, of no use to a program.
PAGE_ASSETS = re.compile(r"^(/static/|/api/v1/(static|swagger|oauth2-redirect|$))")
_SETTING_HEAD = ("setting", "default", "what it is")
_NO_DEFAULT = "–"
# Routes that are for tools, so that the OpenAPI document does not list them.
OUTSIDE_OPENAPI = {
    "/": "This API as a page",
    "/api/v1/docs": "This API as a page",
    "/api/v1/openapi.json": "This API as an OpenAPI 3.1 document",
    "/metrics": "The service's own metrics, for Prometheus",
}


def main(words: Sequence[str]) -> int:
    """Write all tables anew, or tell which are out of date."""
    stale = [path for path in documents() if render(path) != path.read_text(encoding="utf-8")]
    for path in stale:
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        if "--write" in words:
            path.write_text(render(path), encoding="utf-8")
    return 0 if "--write" in words or not stale else 1


def documents() -> list[Path]:
    """Return the files that hold tables."""
    return [
        path
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        if BLOCK.search(path.read_text(encoding="utf-8"))
    ]


def render(path: Path) -> str:
    """Return the file's text with each table made anew from the code."""
    text = path.read_text(encoding="utf-8")
    return BLOCK.sub(lambda found: found[1] + TABLES[found["name"]]() + found[3], text)


def routes() -> str:
    """Return the routes: method, path, the role that they need, what they do."""
    # The database is opened at the first request only; none is made here.
    app = create_app(Settings(database_url="sqlite:///:memory:"))
    described = app.api_doc["paths"]  # type: ignore[attr-defined] # flask-openapi3's own class
    rows = []
    for method, path, required in route_list(app):
        operation = described.get(path, {}).get(method.lower(), {})
        summary = operation.get("summary") or OUTSIDE_OPENAPI[path]
        rows.append((f"`{method} {path}`", _access(required), summary))
    return table(("route", "role", "what it does"), rows)


def route_list(app: Flask) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path and the mark of `require_role` of each route, in reading order."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if PAGE_ASSETS.match(rule.rule):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        require_role = getattr(app.view_functions[rule.endpoint], "required_role", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path, require_role


def service_settings() -> str:
    """Return the settings of the service."""
    prefix = Settings.model_config["env_prefix"]
    rows = [
        (f"`{prefix}{name.upper()}`", _default(name, field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return table(_SETTING_HEAD, rows)


def client_settings() -> str:
    """Return the settings of `qm`."""
    rows = [
        (f"`QM_{field.name.upper()}`", _NO_DEFAULT, field.metadata["description"])
        for field in dataclasses.fields(ClientSettings)
    ]
    return table(_SETTING_HEAD, rows)


def commands() -> str:
    """Return the commands of `qm`, with their arguments and the first line of their help."""
    rows = []
    for words, command in command_list(qm):
        arguments = [
            parameter.make_metavar(click.Context(command))
            for parameter in command.params
            if isinstance(parameter, click.Argument)
        ]
        rows.append((f"`{' '.join(['qm', *words, *arguments])}`", command.get_short_help_str(200)))
    return table(("command", "what it does"), rows)


def command_list(
    group: click.Group, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command that does something, with the words that call it."""
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, LazyCommand) else listed
        if isinstance(command, click.Group):
            yield from command_list(command, *words, name)
        else:
            yield (*words, name), command


def transitions() -> str:
    """Return the legal transitions of a node's state, by the route that makes them."""
    rows = [(f"`{state}`", *(_ends(verb, state) for verb in Verb)) for state in NodeState]
    return table(("from", "by `/transitions` to", "by `/restoration` to"), rows)


def _ends(verb: Verb, state: NodeState) -> str:
    ends = TRANSITIONS[verb].get(state, frozenset())
    return ", ".join(f"`{to}`" for to in NodeState if to in ends) or "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _default(name: str, field: FieldInfo) -> str:
    if name == "database_url":
        return "`sqlite:///` + `~/.local/share/quartermaster/quartermaster.sqlite`"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return _NO_DEFAULT
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _access(required: tuple[Any, bool] | None) -> str:
    if required is None:
        return "none"
    role, is_open = required
    return f"{role} (or `QM_ANONYMOUS_READ`)" if is_open else str(role)


TABLES: dict[str, Callable[[], str]] = {
    "client-settings": client_settings,
    "commands": commands,
    "transitions": transitions,
    "routes": routes,
    "service-settings": service_settings,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
