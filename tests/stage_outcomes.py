# SPDX-License-Identifier: Apache-2.0
"""How a stage ended, read from its output: counts, failures, slowest tests."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed)\b")
# One line of pytest's list of durations; a session's fixture counts as the setup of its first test.
DURATION = re.compile(r"(\d+\.\d+)s (setup|call|teardown) +(\S.*)")
# What molecule puts around Ansible's lines: colours, and a bar in front.
DECORATION = re.compile(r"\x1b\[[0-9;]*m|│")
# What is further in belongs to a run within a task.
TASK = re.compile(r" {0,4}TASK \[")
FAILED_TASK = re.compile(r" {0,4}(fatal|failed): \[")
TOLD = 500
"""Characters that are told of a failure at the end; all of it is in the stage's own output."""
SLOWEST = 20
"""How many of the slowest tests are listed."""


@dataclass
class Outcome:
    """How a stage ended."""

    name: str
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    failures: Sequence[str] = ()
    slowest: Sequence[tuple[float, str]] = ()
    """Seconds and test."""
    flaky: Sequence[str] = ()
    """What failed first and passed when it was run again, alone."""
    code: int = 0
    """The exit status of its command."""
    cpu_s: float = 0.0
    """Processor time of the stage's processes; an engine and its hosts are not among them."""

    @property
    def is_good(self) -> bool:
        """Return whether something passed and nothing failed."""
        return self.counts["failed"] == 0 and self.counts["passed"] > 0

    def __str__(self) -> str:
        """Return the closing line."""
        told = ", ".join(f"{self.counts[word]} {word}" for word in ("passed", "failed", "skipped"))
        return f"{self.name}: {told}"


def settle(first: Outcome, second: Outcome) -> Outcome:
    """Return how a stage ended whose failed tests were run again.

    It is good only if each of them passed then: a skipped one has proven nothing.
    """
    seconds, cpu_s = first.seconds + second.seconds, first.cpu_s + second.cpu_s
    slowest = (*first.slowest, *second.slowest)
    if second.is_good and second.counts["skipped"] == 0:
        passed = first.counts["passed"] + second.counts["passed"]
        counts = {**first.counts, "passed": passed, "failed": 0}
        return Outcome(
            first.name, seconds, counts, slowest=slowest, flaky=first.failures, cpu_s=cpu_s
        )
    again = [f"run again: {failure}" for failure in second.failures]
    return replace(
        first, seconds=seconds, cpu_s=cpu_s, slowest=slowest, failures=(*first.failures, *again)
    )


def summarize(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """Yield the lines at the end of a run, the most important ones last."""
    for outcome in outcomes:
        yield f"{outcome.seconds:6.0f} s  {outcome.cpu_s:6.0f} s of CPU  {outcome.name}"
    seconds = sum(outcome.seconds for outcome in outcomes)
    yield f"{seconds:6.0f} s  {sum(outcome.cpu_s for outcome in outcomes):6.0f} s of CPU  in all"
    tests = [(*test, outcome.name) for outcome in outcomes for test in outcome.slowest]
    for test_s, test, stage in sorted(tests, reverse=True)[:SLOWEST]:
        yield f"{test_s:8.1f} s  {stage}: {test}"
    yield from map(str, outcomes)
    for outcome in outcomes:
        for failure in outcome.flaky:
            yield f"flaky: {outcome.name} {failure}"
    for outcome in outcomes:
        for failure in outcome.failures:
            yield f"{outcome.name}: {failure}"


def count(lines: Sequence[str], code: int) -> dict[str, int]:
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


def find_failures(lines: Sequence[str]) -> Sequence[str]:
    """Return what failed, one line each: pytest's summary, or Ansible's last failed task."""
    tests = [_shorten(line.strip()) for line in lines if line.startswith(("FAILED ", "ERROR "))]
    plain = [DECORATION.sub("", line).rstrip() for line in lines]
    failed = [number for number, line in enumerate(plain) if FAILED_TASK.match(line)]
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


def find_slowest(lines: Iterable[str]) -> Sequence[tuple[float, str]]:
    """Return seconds and test of what pytest lists as slowest; setup and teardown by their name."""
    found = [match for line in lines if (match := DURATION.fullmatch(line.strip()))]
    return [
        (float(seconds), test if phase == "call" else f"{test} ({phase})")
        for seconds, phase, test in (match.groups() for match in found)
    ]


def _shorten(text: str) -> str:
    """Return a text without its middle, if it is too long: who failed leads it, and why ends it."""
    return text if len(text) <= TOLD else f"{text[: TOLD // 3]} ... {text[-TOLD * 2 // 3 :]}"
