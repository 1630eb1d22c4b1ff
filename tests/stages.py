# SPDX-License-Identifier: Apache-2.0
"""All tests, stage by stage, fast ones first: `python -m tests.stages [check|test|STAGE…]`.

Each stage ends in one line, `name: N passed, M failed, K skipped`. At the end of the run stand the
seconds of each stage, the slowest tests, those lines once more, and each test that failed. A stage
that fails ends `check`; the slow stages of `test` run on without it, so that one run shows all.

What fails of a stage with real hosts is run once more, alone. If it passes then, the run is good,
and a line `flaky: STAGE TEST - REASON` names a fault to be mended, of the test or of its subject.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
# Two cores: more workers only wait for each other.
PARALLEL = ("-n", "2")
# Tests that share a service or hosts, most of which wait for those; a file's tests stay together.
BY_FILE = (*PARALLEL, "--dist", "loadfile")


@dataclass(frozen=True)
class Stage:
    """A step of the tests: a command, counted as one test unless it counts its own."""

    name: str
    command: Sequence[str]
    timeout_s: int = 300
    has_hosts: bool = False
    """Whether it works on real hosts or programs: what fails of it is run once more, alone."""


CHECK = (
    Stage("format", ("ruff", "format", "--check", "--quiet", ".")),
    Stage("ruff", ("ruff", "check", "--quiet", ".")),
    Stage("codespell", ("codespell",)),
    Stage("yamllint", ("yamllint", "--strict", ".")),
    Stage("mypy", ("mypy",)),
    Stage("imports", ("lint-imports",)),
    Stage("changelog", ("antsibull-changelog", "lint")),
    Stage("ansible-lint", ("ansible-lint", "--offline", "-q"), timeout_s=600),
    Stage("architecture", (*PYTEST, *PARALLEL, "tests/architecture"), timeout_s=600),
    Stage("service", (*PYTEST, *PARALLEL, "-m", "not hosts", "tests/service"), timeout_s=900),
    Stage("plugins", (*PYTEST, *PARALLEL, "-m", "not hosts", "tests/unit"), timeout_s=600),
    Stage("tools", (*PYTEST, "-m", "not hosts", "tests/hosts"), timeout_s=300),
)

SLOW = (
    Stage(
        "plugins-oldest-core",
        ("python", "-m", "tests.cores", *PYTEST, *PARALLEL, "-m", "not hosts", "tests/unit"),
        timeout_s=900,
    ),
    Stage("contract", (*PYTEST, *BY_FILE, "-m", "not hosts", "tests/contract"), timeout_s=1800),
    Stage(
        "e2e",
        (*ON_HOSTS, *BY_FILE, "-m", "not hosts", "tests/e2e"),
        timeout_s=1800,
        has_hosts=True,
    ),
    Stage("collection", ("python", "-m", "tests.architecture.collection"), timeout_s=1200),
    Stage("engine", ("python", "-m", "tests.hosts", "up"), timeout_s=600),
    Stage(
        "hosts",
        (*ON_HOSTS, *BY_FILE, "-m", "hosts and not soak", "tests"),
        timeout_s=1800,
        has_hosts=True,
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
    for stage in chosen:
        outcomes.append(run(stage))
        if not outcomes[-1].is_good and stage in CHECK:
            break
    _say("")
    for line in summarize(outcomes):
        _say(line)
    left_out = [stage.name for stage in chosen[len(outcomes) :]]
    if left_out:
        _say(f"Not run after that failure: {', '.join(left_out)}.")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def run(stage: Stage) -> Outcome:
    """Run a stage, and what failed of it once more if it has real hosts; return how it ended."""
    if not stage.has_hosts:
        return _run_once(stage)[0]
    is_pytest = stage.command[0] == "pytest"
    with tempfile.TemporaryDirectory(prefix="qm-stage-") as cache:
        # A cache of its own: what failed in other runs is not run again.
        kept = ("-o", f"cache_dir={cache}") if is_pytest else ()
        whole = replace(stage, command=(*stage.command, *kept))
        first, code = _run_once(whole)
        # Tests that were not run any more can't be proven by those that failed before them.
        is_whole = code == TESTS_FAILED and first.counts["failed"] < MAX_FAILED
        if first.is_good or (is_pytest and not is_whole):
            return first
        _say(f"== {stage.name}: what failed is run once more, alone")
        again = replace(whole, command=(*whole.command, *(LAST_FAILED if is_pytest else ())))
        return settle(first, _run_once(again)[0])


def _run_once(stage: Stage) -> tuple[Outcome, int]:
    """Run a stage, let its output through, and return how it ended, and its exit status."""
    _say(f"== {stage.name}: {' '.join(stage.command)}")
    start, cpu_before = time.monotonic(), _cpu_s()
    lines: list[str] = []
    process = subprocess.Popen(
        ["timeout", "--kill-after=30", str(stage.timeout_s), *stage.command],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | WHOLE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    failures = find_failures(lines) if process.returncode else ()
    if process.returncode == TIMED_OUT:
        failures = (f"ended by its time limit of {stage.timeout_s} s", *failures)
    outcome = Outcome(
        stage.name,
        time.monotonic() - start,
        count(lines, process.returncode),
        failures,
        slowest=find_slowest(lines),
        cpu_s=_cpu_s() - cpu_before,
    )
    _say(f"== {outcome} in {outcome.seconds:.0f} s")
    return outcome, process.returncode


def _cpu_s() -> float:
    """Return the processor time of all processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _molecule() -> Iterator[Stage]:
    """Yield one stage a scenario; each begins and ends with the removal of its hosts."""
    for path in sorted(ROOT.glob("extensions/molecule/*/molecule.yml")):
        name = path.parent.name
        command = ("molecule", "test", "-s", name)
        yield Stage(f"molecule-{name}", command, timeout_s=1200, has_hosts=True)


def _named(known: dict[str, Stage], name: str) -> Stage:
    if name not in known:
        sys.exit(f"There is no stage {name}; there are check, test, {', '.join(known)}.")
    return known[name]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
