# SPDX-License-Identifier: Apache-2.0
"""What cannot be undone is asked on a terminal, and needs --yes where nobody answers."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from inventory_service.cli import main
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.cli.terminal.confirmation import confirm
from inventory_service.settings import Settings

Qm = Callable[..., Result]
Ask = Callable[..., Any]

_ASK = """
from inventory_service.cli.client.errors import Failure
from inventory_service.cli.terminal.confirmation import confirm
try:
    confirm("Retire 3 nodes?", yes=False)
    print("done")
except Failure as failure:
    print(failure.message, failure.next_step, failure.exit_code, sep="\\n")
"""


def test_yes_answers_without_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    confirm("Retire 3 nodes?", yes=True)
    assert capsys.readouterr() == ("", "")


def test_where_nobody_can_answer_it_is_refused_with_the_option() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    message, next_step, code = done.stdout.decode().splitlines()
    assert message.startswith("Retire 3 nodes? Nobody is there to answer")
    assert "--yes" in next_step
    assert code == "2"


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (b"y\n", "done"),
        (b"yes\n", "done"),
        (b"n\n", "Nothing was changed.\n\n1"),
        (b"\n", "Nothing was changed.\n\n1"),
    ],
)
def test_on_a_terminal_only_yes_means_yes(answer: bytes, printed: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _ASK],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        os.write(ours, answer)
        stdout, stderr = process.communicate(timeout=60)
    os.close(ours)
    assert stdout.decode().strip() == printed
    assert "Retire 3 nodes? [y/N]" in stderr.decode()


def commands_of(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, LazyCommand) else listed
        if isinstance(command, click.Group):
            yield from commands_of(command, (*path, name))
        elif name in {"retire", "revoke", "delete", "remove", "disable"}:
            yield (*path, name)


#: Each command that takes something away, and what its question says.
DESTRUCTIVE = {
    ("node", "retire"): (
        ["web-1", "--reason", "over"],
        "Retire node web-1 (type web, project shop, environment prod, cluster main, state planned",
    ),
    ("cluster", "retire"): (
        ["edge", "--reason", "over"],
        "Retire cluster edge (type regional, mesh 10.91.0.0/24, port 51820)?",
    ),
    ("project", "retire"): (["idle", "--reason", "over"], "Retire project idle (owner ops)?"),
    ("schedule", "retire"): (
        ["nightly", "--reason", "over"],
        "Retire schedule nightly (template hello, cron 0 2 * * *, zone UTC, next 20",
    ),
    ("environment", "retire"): (["load", "--reason", "over"], "Retire environment load?"),
    ("service", "retire"): (
        ["api", "--reason", "over"],
        "Retire service api (port 8100, project shop, environment prod)?",
    ),
    ("template", "retire"): (
        ["ping", "--reason", "over"],
        "Retire template ping (playbook quartermaster.fleet.ping, description Whether Ansible ",
    ),
    ("webhook", "retire"): (
        ["hook", "--reason", "over"],
        "Retire webhook hook (template hello, kind github)",
    ),
    ("workflow", "retire"): (["steps", "--reason", "over"], "Retire workflow steps ("),
    ("notification", "retire"): (
        ["ada", "--reason", "over"],
        "Retire notification ada (kind mail, ",
    ),
    ("account", "disable"): (["robot"], "Disable account robot (kind program, roles viewer in all"),
    ("account", "revoke"): (
        ["robot", "viewer"],
        "Revoke the role viewer in all projects of account robot (kind program, ",
    ),
    ("token", "revoke"): (["{token}"], "(name robot, account robot, scope viewer, "),
}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """A service with a playbook and a mail server: else nothing can be scheduled or sent."""
    playbooks = tmp_path / "checkout/playbooks"
    playbooks.mkdir(parents=True)
    (playbooks / "hello.yml").write_text("[]\n", "utf-8")
    return Settings(
        database_url=database_url,
        log_level="error",
        playbooks_dir=playbooks.parent,
        smtp_url="smtp://mail.example",
        smtp_from="qm@example.org",
    )


@pytest.fixture
def fleet(ask: Ask, mesh: str) -> str:
    """Return the id of a token, beside one of each kind that can be taken away."""
    ask("project", "add", "shop")
    ask("project", "add", "idle", "--owner", "ops")
    ask("environment", "add", "load")
    ask("cluster", "add", "edge", "--mesh-prefix", "10.91.0.0/24")
    place = ("--project", "shop", "--environment", "prod")
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh, *place)
    ask("service", "add", "api", *place, "--port", "8100")
    words = ("--playbook", "playbooks/hello.yml", "--filters", 'state=["planned"]')
    ask("template", "add", "hello", *words)
    ask("schedule", "add", "nightly", "--template", "hello", "--cron", "0 2 * * *")
    ask("webhook", "add", "hook", "--template", "hello", "--kind", "github")
    ask("workflow", "add", "steps", "-f", "-", stdin="steps: [{step: one, template: hello}]")
    ask("notification", "add", "ada", "--kind", "mail", "--recipient", "ada@example.org")
    return str(ask("token", "create", "robot")["token_id"])


def test_each_command_that_takes_away_is_in_the_table() -> None:
    assert set(commands_of(main)) == set(DESTRUCTIVE)


@pytest.mark.parametrize("words", DESTRUCTIVE, ids=" ".join)
def test_what_is_taken_away_is_shown_before_it_is_and_wants_yes(
    qm: Qm, fleet: str, words: tuple[str, ...]
) -> None:
    arguments, question = DESTRUCTIVE[words]
    command = [*words, *(word.format(token=fleet) for word in arguments)]
    for form in ((), ("--json",)):
        refused = qm(*command, *form)
        assert refused.exit_code == 2
        assert question in refused.stderr
        assert "--yes" in refused.stderr
    assert qm(*command, "--yes").exit_code == 0


@pytest.mark.usefixtures("fleet")
def test_the_state_retired_is_asked_about_as_the_retirement(qm: Qm) -> None:
    refused = qm("node", "set", "web-1", "--state", "retired")
    assert refused.exit_code == 2
    assert DESTRUCTIVE["node", "retire"][1] in refused.stderr
    assert qm("node", "set", "web-1", "--state", "retired", "--yes").exit_code == 0


@pytest.mark.parametrize(
    "words", [["node", "retire", "no-1", "--reason", "x"], ["token", "revoke", "no-1"]]
)
def test_an_unknown_name_is_not_found_before_the_question(qm: Qm, words: list[str]) -> None:
    assert qm(*words).exit_code == 4
