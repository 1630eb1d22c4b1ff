# SPDX-License-Identifier: Apache-2.0
"""All tests, stage by stage, fast ones first: `python -m tests.stages [check|test|STAGE…]`.

Each stage ends in one line, `name: N passed, M failed, K skipped`, and all of them are said once
more at the end, followed by each test that failed. A stage that fails ends `check`; the slow stages
of `test` run on without it, so that one run tells all.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider", "--maxfail=20")
COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed)\b")
# What molecule puts around Ansible's lines: colours, and a bar in front.
DECORATION = re.compile(r"\x1b\[[0-9;]*m|│")
# What is further in belongs to a run within a task.
TASK = re.compile(r" {0,4}TASK \[")
FAILED_TASK = re.compile(r" {0,4}(fatal|failed): \[")
TOLD = 500
"""Characters that are told of a failure at the end; all of it is in the stage's own output."""
TIMED_OUT = 124
"""What timeout(1) returns."""
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


@dataclass
class Outcome:
    """How a stage ended."""

    name: str
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    failures: Sequence[str] = ()

    @property
    def is_good(self) -> bool:
        """Return whether something passed and nothing failed."""
        return self.counts["failed"] == 0 and self.counts["passed"] > 0

    def __str__(self) -> str:
        """Return the closing line."""
        told = ", ".join(f"{self.counts[word]} {word}" for word in ("passed", "failed", "skipped"))
        return f"{self.name}: {told}"


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
    Stage("e2e", (*PYTEST, *BY_FILE, "-m", "not hosts", "tests/e2e"), timeout_s=1800),
    Stage("collection", ("python", "-m", "tests.architecture.collection"), timeout_s=1200),
    Stage("engine", ("python", "-m", "tests.hosts", "up"), timeout_s=600),
    Stage("hosts", (*PYTEST, *BY_FILE, "-m", "hosts and not soak", "tests"), timeout_s=1800),
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
    for outcome in outcomes:
        _say(str(outcome))
    for outcome in outcomes:
        for failure in outcome.failures:
            _say(f"{outcome.name}: {failure}")
    left_out = [stage.name for stage in chosen[len(outcomes) :]]
    if left_out:
        _say(f"Not run after that failure: {', '.join(left_out)}.")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def run(stage: Stage) -> Outcome:
    """Run a stage, let its output through, and return how it ended."""
    _say(f"== {stage.name}: {' '.join(stage.command)}")
    start = time.monotonic()
    lines: list[str] = []
    process = subprocess.Popen(
        ["timeout", "--kill-after=30", str(stage.timeout_s), *stage.command],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
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
    counts = _count(lines, process.returncode)
    failures = _failures(lines) if process.returncode else ()
    if process.returncode == TIMED_OUT:
        failures = (f"ended by its time limit of {stage.timeout_s} s", *failures)
    outcome = Outcome(stage.name, time.monotonic() - start, counts, failures)
    _say(f"== {outcome} in {outcome.seconds:.0f} s")
    return outcome


def _count(lines: Sequence[str], code: int) -> dict[str, int]:
    """Return what the command counted in its last lines, or one test where it counts nothing."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for line in lines[-60:]:
        if re.match(r"=*\s*\d+ (passed|failed|skipped|error)|\w+: \d+ passed, ", line):
            for number, word in COUNT.findall(line):
                known = {"error": "failed", "errors": "failed", "xfailed": "skipped"}
                counts[known.get(word, word)] += int(number)
    if code != 0:
        counts["failed"] = max(counts["failed"], 1)
    elif not any(counts.values()):
        counts["passed"] = 1
    return counts


def _failures(lines: Sequence[str]) -> Sequence[str]:
    """Return what failed, one line each: pytest's summary, or Ansible's last failed task."""
    tests = [_shorten(line.strip()) for line in lines if line.startswith(("FAILED ", "ERROR "))]
    plain = [DECORATION.sub("", line).rstrip() for line in lines]
    failed = [place for place, line in enumerate(plain) if FAILED_TASK.match(line)]
    if tests or not failed:
        return tests or [_shorten(line.strip()) for line in plain if line][-3:]
    # From the task's name on; between it and this line, Ansible says the same at more length.
    first = last = failed[-1]
    while first and not TASK.match(plain[first]):
        first -= 1
    while last < len(plain) and plain[last].strip():
        last += 1
    told = [line.strip(" *") for line in (plain[first], *plain[failed[-1] : last])]
    return [_shorten(" ".join(told))]


def _shorten(text: str) -> str:
    """Return a text without its middle, if it is too long: who failed leads it, and why ends it."""
    return text if len(text) <= TOLD else f"{text[: TOLD // 3]} ... {text[-TOLD * 2 // 3 :]}"


def _molecule() -> Iterator[Stage]:
    """Yield one stage a scenario; each makes hosts of its own and removes them."""
    for path in sorted(ROOT.glob("extensions/molecule/*/molecule.yml")):
        name = path.parent.name
        yield Stage(f"molecule-{name}", ("molecule", "test", "-s", name), timeout_s=1200)


def _named(known: dict[str, Stage], name: str) -> Stage:
    if name not in known:
        sys.exit(f"There is no stage {name}; there are check, test, {', '.join(known)}.")
    return known[name]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
