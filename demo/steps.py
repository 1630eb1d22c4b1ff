# SPDX-License-Identifier: Apache-2.0
"""How the demo shows what it does: numbered steps with times, and each task of a run."""

import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from demo.place import BIN, ROOT, RUN_LOG, Stopped, get_process_environment

#: Into a file or a pipe, lines are not folded to the width of a terminal that is not there.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(?:quartermaster\.fleet\.)?(.*)\] \**$")
_RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")
_SHOWN_ON_FAILURE = 40


@dataclass
class Run:
    """What a run of a playbook did."""

    changed: dict[str, int] = field(default_factory=dict)
    """How many tasks changed something, by host."""
    lines: list[str] = field(default_factory=list)

    def find_message(self, task: str) -> str:
        """Return the text that a debug task printed; empty if there is none."""
        titles = [place for place, line in enumerate(self.lines) if f"{task}] *" in line]
        said = self.lines[titles[-1] + 1 :] if titles else []
        block = said[: said.index("\n")] if "\n" in said else said
        starts = [place for place, line in enumerate(block) if line.strip().startswith("msg: |")]
        return textwrap.dedent("".join(block[starts[0] + 1 :])).rstrip() if starts else ""


class Progress:
    """Counts the steps of the demo and says how long each took."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._start = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it is done."""
        self._done += 1
        console.print(f"[bold cyan]\\[{self._done}/{self._total}][/] [bold]{title}[/]")
        start = time.monotonic()
        yield
        console.print(f"      [green]done[/] in {time.monotonic() - start:.0f} s")

    @property
    def seconds(self) -> float:
        """Return the time since the first step."""
        return time.monotonic() - self._start


def run_playbook(name: str, docker_host: str, *options: str) -> Run:
    """Run a playbook, show its tasks, and return what it did.

    :raises Stopped: it failed; its last lines are shown.
    """
    command = ["ansible-playbook", f"playbooks/{name}.yml", *options]
    return _watch(f"{name}.yml", command, docker_host)


def order_run(template: str, docker_host: str) -> Run:
    """Have the service run a template, show its tasks as they come, and return what it did.

    :raises Stopped: it failed; its last lines are shown.
    """
    command = [str(BIN / "qm"), "run", template, "--follow", "--reason", "make demo"]
    return _watch(f"the run of {template}", command, docker_host)


def _watch(what: str, command: Sequence[str], docker_host: str) -> Run:
    run = Run()
    with (
        RUN_LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=get_process_environment(docker_host),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        log.write(f"\n$ {' '.join(command)}\n")
        for whole in process.stdout or ():
            log.write(whole)
            log.flush()
            run.lines.append(whole)
            _show(whole)
            if recap := _RECAP.match(whole):
                run.changed[recap[1]] = int(recap[3])
    if process.returncode:
        console.print("".join(run.lines[-_SHOWN_ON_FAILURE:]), markup=False, style="dim")
        raise Stopped(
            f"{what} failed with exit code {process.returncode}; {RUN_LOG} has all of it. "
            "`make demo` goes on from here, `make demo-down` removes what there is."
        )
    return run


def run_quietly(command: Sequence[str]) -> str:
    """Run a program and return what it printed.

    :raises Stopped: it failed; what it said is in the text.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=get_process_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise Stopped(f"`{' '.join(command)}` failed with exit code {done.returncode}: {said}")
    return done.stdout


def _show(line: str) -> None:
    task = _TASK.match(line)
    if task:
        console.print(f"      [dim]·[/] {task[1]}", style="dim", markup=True)
    elif line.startswith(("fatal:", "failed:", "[WARNING]", "[ERROR]", "Run ")):
        console.print(f"      {line.rstrip()}", style="yellow", markup=False)
