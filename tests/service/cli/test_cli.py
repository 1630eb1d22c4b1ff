# SPDX-License-Identifier: Apache-2.0
"""`qm` as a whole: exit codes, help, and the forms of its output."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from inventory_service.cli import main
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.core.actors import Scope

Qm = Callable[..., Result]
Ask = Callable[..., Any]


def leaves(group: click.Group, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command that does something, with the words that call it."""
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, LazyCommand) else listed
        if isinstance(command, click.Group):
            yield from leaves(command, *words, name)
        else:
            yield (*words, name), command


COMMANDS = dict(leaves(main))
LOCAL = {
    ("init",),
    ("migrate",),
    ("serve",),
    ("worker",),
    ("prune",),
    ("database", "backup"),
    ("database", "copy"),
    ("completion",),
}
WITHOUT_JSON = {("serve",), ("worker",), ("completion",), ("run", "log")}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["status"], 0),
        (["node", "add", "Not A Label", "--type", "web", "--cluster", "main"], 1),
        (["node", "list", "--state", "nonsense"], 1),
        (["node", "absent"], 2),
        (["node", "list", "--colour"], 2),
        (["--profile", "absent", "node", "list"], 2),
        (["--url", "http://127.0.0.1:1", "node", "list"], 3),
        (["node", "show", "nobody"], 4),
        (["cluster", "show", "nowhere"], 4),
        (["cluster", "add", "main", "--mesh-prefix", "10.91.0.0/24"], 5),
        (["node", "set", "web-1", "--state", "active"], 5),
    ],
)
def test_each_outcome_has_its_exit_code(
    qm: Qm, ask: Ask, mesh: str, words: list[str], code: int
) -> None:
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh)
    result = qm(*words)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("scope", "words", "code"),
    [
        (None, ["node", "list"], 6),
        (Scope.VIEWER, ["node", "list"], 0),
        (Scope.VIEWER, ["cluster", "add", "new", "--mesh-prefix", "10.1.0.0/24"], 6),
        (Scope.OPERATOR, ["cluster", "add", "new", "--mesh-prefix", "10.1.0.0/24"], 0),
        (Scope.OPERATOR, ["token", "list"], 6),
        (Scope.ADMIN, ["token", "list"], 0),
    ],
)
def test_what_a_token_does_not_allow_is_told_by_code_6(
    qm: Qm, scope: Scope | None, words: list[str], code: int
) -> None:
    result = qm(*words, scope=scope)
    assert result.exit_code == code, result.output
    assert (code == 0) != ("token" in result.stderr)


def test_a_failure_for_programs_is_one_json_object_on_stderr(qm: Qm) -> None:
    result = qm("node", "show", "nobody", "--json")
    told = json.loads(result.stderr)
    assert result.stdout == ""
    assert told["exit_code"] == result.exit_code == 4
    assert told["problem"]["status"] == 404
    assert "nobody" in told["error"]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_explains_itself(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    undescribed = [
        parameter.name
        for parameter in COMMANDS[words].params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert not undescribed


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_takes_the_common_options(words: tuple[str, ...]) -> None:
    options = {word for parameter in COMMANDS[words].params for word in parameter.opts}
    assert ("--json" in options) == (words not in WITHOUT_JSON)
    assert ({"--url", "--profile"} <= options) == (words not in LOCAL)


def test_the_address_may_stand_before_or_after_the_command(qm: Qm) -> None:
    nowhere = ("--url", "http://127.0.0.1:1")
    assert qm(*nowhere, "status").exit_code == 3
    assert qm("node", *nowhere, "list").exit_code == 3
    assert qm("node", "list", *nowhere).exit_code == 3
