# SPDX-License-Identifier: Apache-2.0
"""All tests, stage by stage, fast ones first: `python -m tests.stages [check|test|STAGE…]`.

Each stage ends in one line, `name: N passed, M failed, K skipped`. At the end of the run stand the
seconds of each stage, the slowest tests, those lines once more, and each test that failed. A stage
that fails ends `check`; the slow stages of `test` run on without it, so that one run shows all.

Stages that use one core, or mostly wait for hosts, are run two at a time where they follow each
other in the list; the output of such a stage comes as a whole when it ends. Each minute a line says
what is running.

What fails of a stage with real hosts is run once more, alone. If it passes then, the run is good,
and a line `flaky: STAGE TEST - REASON` names a fault to be mended, of the test or of its subject.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from tests.stage_outcomes import (
    SLOWEST,
    Outcome,
    count,
    find_failures,
    find_slowest,
    settle,
    summarize,
)

ROOT = Path(__file__).parents[1]
MAX_FAILED = 20
"""Failures after which a stage is not continued."""
ON_HOSTS = ("pytest", "-q", f"--maxfail={MAX_FAILED}", f"--durations={SLOWEST}")
PYTEST = (*ON_HOSTS, "-p", "no:cacheprovider")
LAST_FAILED = ("-n", "0", "--last-failed", "--last-failed-no-failures=none")
TIMED_OUT = 124
"""What timeout(1) returns."""
TESTS_FAILED = 1
"""What pytest returns when it ran all tests and some failed."""
# With it, pytest gives the reason of each failure in full; else it cuts a line at 80 columns.
WHOLE = {"BUILD_NUMBER": "0"}
# A file of that folder, which Python finds by its name, makes short runs of Ansible shorter.
STARTUP = {"PYTHONPATH": f"{ROOT}/tests/startup:{os.environ.get('PYTHONPATH', '')}".rstrip(":")}
CORES = 2
"""More workers, or stages at a time, would only wait for each other."""
SAY_EACH_S = 60
"""Nobody should have to ask whether it still runs."""
PARALLEL = ("-n", str(CORES))
# Tests that share a service or hosts, most of which wait for those; a file's tests stay together,
# and those of some folders. The order of the files is that of tests/conftest.py.
BY_FILE = (*PARALLEL, "--dist", "loadfile", "--no-loadscope-reorder")
# Real hosts keep a worker waiting, so that one more has room.
WAITING = ("-n", str(CORES + 1), *BY_FILE[2:])
# Tests that go well on their own: whoever has ended his half takes some of the other's.
SHARED = (*PARALLEL, "--dist", "worksteal")

# The syntax of a playbook can be checked without a service, which each check would wait for.
NO_INVENTORY = ("ANSIBLE_INVENTORY=/dev/null", "ANSIBLE_INVENTORY_ENABLED=ansible.builtin.ini")
LONGEST = ("wireguard", "common")  # of molecule's scenarios, three quarters of the time of all
HOSTS = ("tests/e2e", "tests/hosts")
"""Where all tests are that have the mark `hosts`; to collect the others would take a while."""


@dataclass(frozen=True)
class Stage:
    """A step of the tests: a command, counted as one test unless it counts its own."""

    name: str
    command: Sequence[str]
    timeout_s: int = 300
    has_hosts: bool = False
    """Whether it works on real hosts or programs: what fails of it is run once more, alone."""
    runs_ansible: bool = False  # by most of its processes
    leaves_room: bool = False
    """Whether it leaves a core free: its neighbour in the list that does so is run beside it."""


SCENARIO = Stage("", (), 1200, has_hosts=True, runs_ansible=True, leaves_room=True)
CHECK = (
    Stage("format", ("ruff", "format", "--check", "--quiet", ".")),
    Stage("ruff", ("ruff", "check", "--quiet", ".")),
    Stage("codespell", ("codespell",)),
    # The longest one first, the others beside it.
    Stage(
        "ansible-lint",
        ("env", *NO_INVENTORY, "ansible-lint", "--offline", "-q"),
        timeout_s=600,
        leaves_room=True,
    ),
    Stage("mypy", ("mypy",), leaves_room=True),
    Stage("yamllint", ("yamllint", "--strict", "."), leaves_room=True),
    Stage("imports", ("lint-imports",), leaves_room=True),
    Stage("changelog", ("antsibull-changelog", "lint"), leaves_room=True),
    Stage("architecture", (*PYTEST, *SHARED, "tests/architecture"), timeout_s=600),
    Stage("service", (*PYTEST, *PARALLEL, "-m", "not hosts", "tests/service"), timeout_s=900),
    Stage("plugins", (*PYTEST, *PARALLEL, "-m", "not hosts", "tests/unit"), timeout_s=600),
    Stage("tools", (*PYTEST, "-m", "not hosts", "tests/hosts"), timeout_s=300),
)

SLOW = (
    Stage(
        "contract",
        (*PYTEST, *SHARED, "-m", "not hosts", "tests/contract"),
        timeout_s=1800,
        runs_ansible=True,
    ),
    Stage("engine", ("python", "-m", "tests.hosts", "up"), timeout_s=600),
    Stage(
        "hosts",
        (*ON_HOSTS, *WAITING, "-m", "hosts and not soak", *HOSTS),
        timeout_s=3000,
        has_hosts=True,
        runs_ansible=True,
        leaves_room=True,
    ),
    # These and the scenarios, which follow, wait for hosts, or for a time, more than they work.
    Stage(
        "e2e",
        (*ON_HOSTS, *BY_FILE, "-m", "not hosts", "tests/e2e"),
        timeout_s=3000,
        has_hosts=True,
        leaves_room=True,
    ),
    Stage(
        "collection",
        ("python", "-m", "tests.architecture.collection"),
        timeout_s=1200,
        leaves_room=True,
    ),
)


def main(words: Sequence[str]) -> int:
    """Run the stages that the words name; return 0 if each of them is good."""
    scenarios = tuple(_molecule())
    known = {stage.name: stage for stage in (*CHECK, *SLOW, *scenarios)}
    groups = {"check": CHECK, "test": (*CHECK, *SLOW, *scenarios)}
    chosen = [
        stage for word in words or ["test"] for stage in (groups.get(word) or [_named(known, word)])
    ]
    outcomes: list[Outcome] = []
    for group in _group(chosen):
        outcomes += run(group)
        if any(stage in CHECK for stage in group) and not all(it.is_good for it in outcomes):
            break
    _say("")
    for line in summarize(outcomes):
        _say(line)
    left_out = [stage.name for stage in chosen[len(outcomes) :]]
    if left_out:
        _say(f"Not run after that failure: {', '.join(left_out)}.")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def run(group: Sequence[Stage]) -> list[Outcome]:
    """Run stages at once, and then what failed on hosts once more, alone; return how each ended."""
    with (
        tempfile.TemporaryDirectory(prefix="qm-stages-") as caches,
        ThreadPoolExecutor(CORES) as pool,
        _saying_what_runs(group),
    ):
        whole = [_keep_failed(stage, caches) for stage in group]
        firsts = list(pool.map(lambda stage: _run_once(stage, is_live=len(group) == 1), whole))
        return [
            _run_again(stage, first) if _can_be_flaky(stage, first) else first
            for stage, first in zip(whole, firsts, strict=True)
        ]


@contextmanager
def _saying_what_runs(group: Sequence[Stage]) -> Iterator[None]:
    """Print each minute which stages were begun, and how long ago."""
    has_ended, start = threading.Event(), time.monotonic()

    def say() -> None:
        while not has_ended.wait(SAY_EACH_S):
            minutes = round((time.monotonic() - start) / 60)
            _say(f"== {', '.join(stage.name for stage in group)}: {minutes} min")

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


def _group(chosen: Sequence[Stage]) -> Iterator[Sequence[Stage]]:
    """Yield stages in their order: those that leave room to each other together, others alone."""
    for leaves_room, neighbours in groupby(chosen, key=lambda stage: stage.leaves_room):
        if leaves_room:
            yield tuple(neighbours)
        else:
            yield from ((stage,) for stage in neighbours)


def _is_pytest(stage: Stage) -> bool:
    return stage.command[0] == "pytest"


def _keep_failed(stage: Stage, caches: str) -> Stage:
    """Return a stage of pytest that keeps which tests failed, apart from all other runs."""
    if not (stage.has_hosts and _is_pytest(stage)):
        return stage
    return replace(stage, command=(*stage.command, "-o", f"cache_dir={caches}/{stage.name}"))


def _can_be_flaky(stage: Stage, first: Outcome) -> bool:
    """Return whether what failed could pass when it is run once more.

    Tests that were not run any more can't be proven by those that failed before them.
    """
    if first.is_good or not stage.has_hosts:
        return False
    is_whole = first.code == TESTS_FAILED and first.counts["failed"] < MAX_FAILED
    return is_whole or not _is_pytest(stage)


def _run_again(stage: Stage, first: Outcome) -> Outcome:
    """Run once more what failed of a stage, a scenario as a whole; return how both ended."""
    _say(f"== {stage.name}: what failed is run once more, alone")
    words = LAST_FAILED if _is_pytest(stage) else ()
    return settle(first, _run_once(replace(stage, command=(*stage.command, *words)), is_live=True))


def _run_once(stage: Stage, *, is_live: bool) -> Outcome:
    """Run a stage, let its output through, at once or at its end, and return how it ended."""
    start, lines = time.monotonic(), [f"== {stage.name}: {' '.join(stage.command)}\n"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    _say(lines[0].rstrip() if is_live else f"== {stage.name} begins")
    process = subprocess.Popen(
        ["timeout", "--kill-after=30", str(stage.timeout_s), *stage.command],
        cwd=ROOT,
        env=os.environ | {"PATH": path} | WHOLE | (STARTUP if stage.runs_ansible else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        for line in process.stdout or ():
            if is_live:
                sys.stdout.write(line)
                sys.stdout.flush()
            lines.append(line)
        # Unlike wait, it also returns the time of the processor.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    outcome = _read(stage, lines[1:], process.returncode)
    outcome.seconds, outcome.cpu_s = time.monotonic() - start, used.ru_utime + used.ru_stime
    ending = f"== {outcome} in {outcome.seconds:.0f} s"
    _say(ending if is_live else f"{''.join(lines)}{ending}")
    return outcome


def _read(stage: Stage, lines: Sequence[str], code: int) -> Outcome:
    """Return how a stage ended by what it printed."""
    failures = find_failures(lines) if code else ()
    if code == TIMED_OUT:
        failures = (f"ended by its time limit of {stage.timeout_s} s", *failures)
    elif code and not failures:
        failures = (f"ended with status {code}",)
    slowest = find_slowest(lines)
    return Outcome(stage.name, 0.0, count(lines, code), failures, slowest=slowest, code=code)


def _molecule() -> Iterator[Stage]:
    """Yield one stage a scenario; each begins and ends with the removal of its hosts.

    They use hosts, services and folders of their own. Nobody is to wait for a long one at the end.
    """
    names = sorted(path.parent.name for path in ROOT.glob("extensions/molecule/*/molecule.yml"))
    for name in sorted(names, key=lambda name: (*LONGEST, name).index(name)):
        yield replace(SCENARIO, name=f"molecule-{name}", command=("molecule", "test", "-s", name))


def _named(known: dict[str, Stage], name: str) -> Stage:
    if name not in known:
        sys.exit(f"There is no stage {name}; there are check, test, {', '.join(known)}.")
    return known[name]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
