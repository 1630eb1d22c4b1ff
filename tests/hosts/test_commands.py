# SPDX-License-Identifier: Apache-2.0
"""No output of a command is missing, whatever of it the engine loses on the way."""

from __future__ import annotations

import subprocess
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hosts import commands

SCRIPT = "printf 'one\\ntwo'; printf 'bad' >&2; exit 3"
Loss = Callable[[bytes], bytes]


def keep(stream: bytes) -> bytes:
    return stream


def lose(_stream: bytes) -> bytes:
    return b""


@dataclass
class LossyEngine:
    """An engine whose execs are real processes of this machine; each loses what its turn says."""

    losses: list[Loss]
    is_early: bool = False
    """Whether the first stream ends while its command still runs."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    made: list[tuple[list[str], dict[str, t.Any]]] = field(default_factory=list)

    @property
    def container(self) -> t.Any:
        """A container as docker-py shows it: this engine is all of it."""
        return self

    id = name = "host"

    @property
    def client(self) -> LossyEngine:
        return self

    @property
    def api(self) -> LossyEngine:
        return self

    def exec_create(self, _container: str, words: list[str], **options: t.Any) -> dict[str, str]:
        self.made.append((words, options))
        return {"Id": str(len(self.made) - 1)}

    def exec_start(self, made: str) -> bytes:
        words, options = self.made[int(made)]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, cwd=options["workdir"], env=options["environment"]
        )
        self.processes.append(process)
        if self.is_early and made == "0":
            return b""
        loss = self.losses.pop(0) if self.losses else keep
        return loss(process.communicate(timeout=30)[0])

    def exec_inspect(self, made: str) -> dict[str, t.Any]:
        code = self.processes[int(made)].poll()
        return {"Running": code is None, "ExitCode": code}

    def close(self) -> None:
        for process in self.processes:
            process.communicate(timeout=30)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results lie in a folder that goes with the test."""
    monkeypatch.setattr(commands, "FOLDER", str(tmp_path / "results"))
    monkeypatch.setattr(commands, "POLL_S", 0.01)


@pytest.mark.parametrize(
    "losses",
    [
        [keep],
        [lose],
        [lambda stream: stream[:-1]],
        [lambda stream: stream[:-20]],
        [lambda stream: stream[1:]],
        [lambda stream: stream[:2] + stream[4:]],
        [lose, lose, lambda stream: stream[:3], lose],
    ],
    ids=["nothing", "all", "last_byte", "mark", "first_byte", "middle", "often"],
)
def test_what_is_lost_is_read_again(losses: list[Loss]) -> None:
    execs = len(losses) + (losses[0] is not keep)
    host = LossyEngine(list(losses))

    result = commands.run(host, ["sh", "-c", SCRIPT])

    assert result == commands.Result(3, "one\ntwo", "bad")
    assert len(host.made) == execs


def test_a_command_is_run_once(tmp_path: Path) -> None:
    commands.run(LossyEngine([lose, lose]), ["sh", "-c", f"echo x >>{tmp_path}/log"])
    assert (tmp_path / "log").read_text("utf-8") == "x\n"


def test_a_stream_that_ends_early_is_waited_for(tmp_path: Path) -> None:
    go = f"while ! test -e {tmp_path}/go; do sleep 0.01; done; echo late"
    host = LossyEngine([keep, lambda stream: (tmp_path / "go").touch() or stream], is_early=True)

    result = commands.run(host, ["sh", "-c", go])

    assert (result.code, result.output) == (0, "late\n")
    host.close()


def test_a_command_whose_shell_is_killed_is_an_error() -> None:
    with pytest.raises(commands.CommandLost, match="ended on host without a result"):
        commands.run(LossyEngine([]), ["sh", "-c", "kill -9 $PPID"])


def test_a_command_that_never_ends_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "TIMEOUT_S", 0.0)
    host = LossyEngine([], is_early=True)
    with pytest.raises(commands.CommandLost, match="on host: no result in time"):
        commands.run(host, ["sh", "-c", f"while ! test -e {tmp_path}/go; do sleep 0.01; done"])
    (tmp_path / "go").touch()
    host.close()


def test_a_killed_command_has_the_code_of_its_signal() -> None:
    assert commands.run(LossyEngine([]), ["sh", "-c", "kill -9 $$"]).code == 128 + 9


def test_words_folder_and_environment_are_handed_over(tmp_path: Path) -> None:
    words = ["sh", "-c", 'pwd; echo "$ASKED"; echo "$1"', "sh", "a 'b'  \"c\" $d"]
    environment = {"ASKED": '{"x": "y z"}', "PATH": "/usr/bin:/bin"}
    result = commands.run(LossyEngine([]), words, folder=str(tmp_path), environment=environment)
    assert result.output == f"{tmp_path}\n{environment['ASKED']}\n{words[-1]}\n"


def test_errors_of_a_script_are_in_its_output_in_order() -> None:
    script = "echo 1; echo 2 >&2; echo 3; false; echo 4"
    result = commands.run_script(LossyEngine([]), script, interpreter=("bash", "-euc"))
    assert result == commands.Result(1, "1\n2\n3\n", "")


@pytest.mark.parametrize("text", ["", "\n", "0123456789abcdef 0 0 0\n", "none\n", "é"])
def test_any_output_is_told_from_the_mark(text: str) -> None:
    assert commands.run(LossyEngine([]), ["printf", "%s", text]).output == text
