# SPDX-License-Identifier: Apache-2.0
"""A command of `qm` starts with what it uses: a client without the service and its database."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from inventory_service.cli import main
from inventory_service.cli.commands.imports import import_group
from inventory_service.cli.commands.nodes import node
from inventory_service.cli.lazy_commands import LazyCommand

ROOT = Path(__file__).parents[3]
#: What only the service needs.
SERVICE = {"alembic", "flask", "waitress", "psycopg", "sqlalchemy", "inventory_service.app"}
#: What checks requests: importing it takes as long as all that a client needs.
CHECKS = {"pydantic"}
#: What a client needs to ask and to print.
CLIENT = {"inventory_service.client", "rich"}
#: What takes long to import, and what the standard library has as well.
SPARED = {"requests", "urllib3"}
#: Calls `qm` once for each line of words in its argument, and prints what is imported by then.
PROBE = """
import json, sys
from inventory_service.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words, prog_name="qm")
    except SystemExit as end:
        assert end.code in (0, 3), end.code
json.dump(sorted(sys.modules), sys.stderr)
"""


def modules_after(*calls: Sequence[str], **environment: str) -> set[str]:
    """Return the modules that a fresh process has imported once it has made the calls."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(calls)],
        env={"PYTHONPATH": str(ROOT), "QM_CONFIG": "", "HOME": "/nowhere", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def ask_for_help(command: str) -> list[str]:
    return [*command.split(), "--help"]


def test_a_client_that_asks_imports_nothing_of_the_service() -> None:
    nowhere = ("--url", "http://127.0.0.1:1")
    imported = modules_after([*nowhere, "node", "list"], [*nowhere, "status", "--json"])
    assert imported >= CLIENT
    assert not imported & (SERVICE | CHECKS | SPARED)


def test_no_client_command_imports_anything_of_the_service() -> None:
    plain = ("node", "cluster", "project", "environment", "service", "import", "token", "port")
    others = ("status", "audit", "completion", "import terraform")
    assert not modules_after(*map(ask_for_help, (*plain, *others))) & (SERVICE | CHECKS | SPARED)
    # These share rules of the domain, which are written in pydantic.
    sharing = ("export nodes", "import nodes", "node graph")
    assert not modules_after(*map(ask_for_help, sharing)) & SERVICE


def test_lists_of_commands_and_their_completion_import_no_command() -> None:
    imported = modules_after(["--help"], ["--version"], ["completion", "bash"])
    completing = {"_QM_COMPLETE": "bash_complete", "COMP_WORDS": "qm ", "COMP_CWORD": "1"}
    imported |= modules_after([], **completing)
    assert not imported & (SERVICE | CHECKS | CLIENT | SPARED)


def test_what_serves_imports_what_it_serves_with() -> None:
    assert modules_after(["serve", "--help"]) >= SERVICE - {"psycopg"}


@pytest.mark.parametrize("group", [main, node, import_group], ids=lambda group: group.name)
def test_a_group_lists_what_each_command_tells_of_itself(group: click.Group) -> None:
    lazy = [one for one in group.commands.values() if isinstance(one, LazyCommand)]
    assert lazy
    for listed in lazy:
        command = listed.load()
        assert command.name == listed.name
        assert command.get_short_help_str(200) == listed.get_short_help_str(200)


@pytest.mark.parametrize("group", [main, node, import_group], ids=lambda group: group.name)
def test_a_command_is_in_the_file_of_its_noun(group: click.Group) -> None:
    for listed in group.commands.values():
        if isinstance(listed, LazyCommand):
            words = f"{listed.name}" if group is main else f"{group.name}_{listed.name}"
            assert listed.module.rpartition(".")[2] in {words, f"{words}s"}


def test_a_command_is_named_by_all_the_words_that_called_it() -> None:
    told = CliRunner().invoke(main, ["node", "graph", "--help"], prog_name="qm").output
    assert told.startswith("Usage: qm node graph [OPTIONS]")
