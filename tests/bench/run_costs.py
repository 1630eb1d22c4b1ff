# SPDX-License-Identifier: Apache-2.0
"""What one run of a playbook costs: tasks, processor time of both ends, seconds on the wall."""

import json
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

CALLBACKS = Path(__file__).parents[1] / "callbacks"
_NANO = 1e-9
_TIMEOUT_S = 1200


@dataclass(frozen=True)
class Cost:
    """The cost of one run, or the medians of several; tasks are those of one host."""

    tasks: float
    to_host: float
    changed: float
    wall_s: float
    controller_cpu_s: float
    hosts_cpu_s: float

    def __truediv__(self, other: "Cost") -> "Cost":
        """Return how many times another's each figure is; beside nothing, it is no number."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Cost(*(mine / base if base else float("nan") for mine, base in pairs))


def find_medians(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        *(statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost))
    )


@dataclass(frozen=True)
class Counts:
    """What a run did on a host that carries no task for the whole play."""

    tasks: float
    to_host: float
    #: On all hosts.
    changed: int


def read_counts(text: str) -> Counts:
    """Return what the callback `task_counts` wrote; the controller itself is no host.

    Tasks that run once are done by the first host, so the median of all hosts counts.

    :raises SystemExit: when a host failed or could not be reached: such a run measures nothing.
    """
    counts: Mapping[str, Mapping[str, int]] = json.loads(text)
    hosts = {name: found for name, found in counts.items() if name != "localhost"}
    bad = sorted(name for name, found in hosts.items() if found["failures"] or found["unreachable"])
    if bad or not hosts:
        raise SystemExit(f"The run did not reach all of its hosts: {', '.join(bad) or 'none'}")
    return Counts(
        statistics.median(found["ok"] + found["skipped"] for found in hosts.values()),
        statistics.median(found["to_host"] for found in hosts.values()),
        sum(found["changed"] for found in hosts.values()),
    )


def read_cpu_s(stats: Mapping[str, Any]) -> float:
    """Return the processor time of a container since its start, from Docker's `stats`."""
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) * _NANO


def measure(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    folder: Path,
    read_hosts_cpu_s: Callable[[], float],
) -> Cost:
    """Run a command of Ansible, and return what it cost.

    The controller's processor time is that of the run and of what it waited for: connections that
    ssh keeps open for later runs are left out.

    :raises SystemExit: with the end of its output when it fails.
    """
    counts = folder / "counts.json"
    log = folder / "run.log"
    settings = {
        "ANSIBLE_CALLBACKS_ENABLED": "task_counts",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "TASK_COUNTS": str(counts),
    }
    hosts_cpu_s, own_cpu_s, begin = read_hosts_cpu_s(), _read_children_cpu_s(), time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            command,
            cwd=CALLBACKS.parents[1],
            env={**environment, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_TIMEOUT_S,
        )
    wall_s = time.perf_counter() - begin
    cpu = (_read_children_cpu_s() - own_cpu_s, read_hosts_cpu_s() - hosts_cpu_s)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{log.read_text('utf-8')[-3000:]}")
    found = read_counts(counts.read_text("utf-8"))
    return Cost(found.tasks, found.to_host, found.changed, wall_s, *cpu)


def _read_children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
