# SPDX-License-Identifier: Apache-2.0
"""Real shells complete words of `qm` and names of the fleet, and never hang or complain."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Service

Ask = Callable[..., Any]
Complete = Callable[..., list[str]]

ROOT = Path(__file__).parents[4]
#: Each asks its shell what completes the words in $@, the last of which is begun.
ASK = {
    "bash": """
source <(qm completion bash)
complete -p qm >/dev/null || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
compopt() { :; }
_qm_completion qm
printf '%s\\n' "${COMPREPLY[@]}"
""",
    # The builtins of its line editor are there only for a person at a terminal.
    "zsh": """
compdef() { completer=$1 }
_describe() { for one in "${(@P)3}"; do print -r -- "${one%%:*}"; done }
compadd() { print -rl -- "${(@P)@[-1]}" }
eval "$(qm completion zsh)"
words=("$@") CURRENT=$#
$completer
""",
    "fish": "qm completion fish | source; complete -C \"$argv\" | string replace -r '\\t.*' ''",
}


def is_there(shell: str) -> Any:
    missing = shutil.which(shell) is None
    return pytest.param(
        shell, marks=pytest.mark.skipif(missing, reason=f"{shell} is not installed")
    )


@pytest.fixture(params=[is_there(shell) for shell in ASK])
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def complete(shell: str, tmp_path: Path) -> Complete:
    """Return `complete(environment, *words)`: what the shell offers, which must not complain."""
    program = tmp_path / "bin" / "qm"
    program.parent.mkdir()
    code = "from inventory_service.cli import main; main(prog_name='qm')"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def ask(environment: Mapping[str, str], *words: str) -> list[str]:
        mute = ("--norc", "--noprofile") if shell == "bash" else ()
        arguments = ("-c", ASK[shell], *(() if shell == "fish" else ("-",)), "qm", *words)
        done = subprocess.run(
            [shell, *mute, *arguments],
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout.split()

    return ask


@pytest.fixture
def environment(service: Service) -> Mapping[str, str]:
    return {"QM_URL": service.url, "QM_TOKEN": service.tokens[Scope.VIEWER]}


def test_words_and_names_are_completed(
    complete: Complete, environment: Mapping[str, str], ask: Ask, mesh: str
) -> None:
    for name in ("web-1", "db-1"):
        ask("node", "add", name, "--type", "data", "--cluster", mesh)
    assert complete(environment, "node", "re") == ["restore", "retire"]
    assert complete(environment, "node", "show", "we") == ["web-1"]
    elsewhere = {**environment, "QM_URL": "http://127.0.0.1:1"}
    named = ("--url", environment["QM_URL"], "cluster", "show", "")
    assert complete(elsewhere, *named) == ["main"]


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_without_an_answer_there_are_no_names_and_no_complaint(
    complete: Complete, silent_url: str
) -> None:
    environment = {"QM_URL": silent_url, "QM_TOKEN": "x"}
    assert complete(environment, "node", "show", "we") == []
