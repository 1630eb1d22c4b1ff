# SPDX-License-Identifier: Apache-2.0
"""How long Ansible takes to start on large fleets, by each road, beside an inventory of one host.

Compare the ratios of one run: seconds differ from machine to machine. "ad hoc" is
`ansible all --limit ONE -m debug`, the start-up that people feel.
"""

import contextlib
import hashlib
import itertools
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure
from tests.bench.fleets import KINDS, serving, write_source
from tests.contract.ansible_runs import SCRIPT, Ansible, get_core

AD_HOC = ("ansible", "all", "--limit", "node-000000", "-m", "debug", "-a", "msg=x")
GRAPH = ("ansible-inventory", "--graph")
LIST = ("ansible-inventory", "--list")
WAYS = {"ad hoc": AD_HOC, "graph": GRAPH, "list": LIST}
#: Beyond this size a static file takes minutes; only what people feel most is measured then.
_MOST_STATIC = 2_000
_MOST_STATIC_AT_ALL = 10_000
#: What takes longer is run once.
_LONG_S = 20
OURS, PUBLIC = "our plugin", "our plugin, public calls"
#: How many times one host's start an ad-hoc run may take, by the size of the fleet.
TARGETS = {10_000: 1.3, 100_000: 6.0}
#: Seconds, by road and way.
Taken = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Road:
    """One way of the fleet to Ansible."""

    name: str
    source: Path
    settings: dict[str, str]


def measure(size: int, repeat: int) -> Iterator[Figure]:
    """Print each road's seconds and ratios side by side, and yield them."""
    with tempfile.TemporaryDirectory() as folder, serving(size) as url:
        ansible = Ansible(get_core("newest"), Path(folder))
        roads = list(_list_roads(ansible, size, url))
        taken = _run_all(ansible, roads, repeat, size)
        yield from _compare(roads, size, {"newest": ansible, "oldest": _on_oldest(ansible)})
    medians = {
        road: {way: statistics.median(times) for way, times in ways.items() if times}
        for road, ways in taken.items()
    }
    _show(size, medians)
    for road, seconds in medians.items():
        for way, taken_s in seconds.items():
            ratio = taken_s / medians[roads[0].name][way]
            limit = TARGETS.get(size) if (road, way) == (OURS, "ad hoc") else None
            what = f"{way} at {size:,}, {road}"
            yield Figure(what, ratio, "x", limit, note=f"{taken_s:.2f} s")


def _list_roads(ansible: Ansible, size: int, url: str) -> Iterator[Road]:
    plugin = ansible.source(f"bench-{size}", f"url: {url}\n")
    yield Road("inventory of one host", write_source("static YAML", ansible.folder, 1), {})
    for kind in KINDS:
        if size <= _MOST_STATIC_AT_ALL or not kind.startswith("static"):
            yield Road(kind, write_source(kind, ansible.folder, size), {})
    yield Road("our script", SCRIPT, {"QM_URL": url})
    yield Road(PUBLIC, plugin, {"QM_INVENTORY_BULK": "false"})
    yield Road(OURS, plugin, {})


def _run_all(ansible: Ansible, roads: Sequence[Road], repeat: int, size: int) -> Taken:
    """Return the seconds of each road, by way; roads take turns, to share noise."""
    taken: Taken = {road.name: {way: [] for way in WAYS} for road in roads}
    for _ in range(repeat):
        for road, way in itertools.product(roads, WAYS):
            times = taken[road.name][way]
            is_brief = size > _MOST_STATIC and road.name.startswith("static")
            if (times and times[0] > _LONG_S) or (is_brief and way != "ad hoc"):
                continue
            start = time.perf_counter()
            # What is ended at Ansible's limit here counts as long as that.
            with contextlib.suppress(subprocess.TimeoutExpired):
                _run(ansible, road, way)
            times.append(time.perf_counter() - start)
    return taken


def _on_oldest(ansible: Ansible) -> Ansible:
    folder = ansible.folder / "oldest"
    folder.mkdir()
    return Ansible(get_core("oldest"), folder)


def _compare(roads: Sequence[Road], size: int, cores: Mapping[str, Ansible]) -> Iterator[Figure]:
    """Yield whether both roads of the plugin print the same, byte for byte, on each core."""
    for core, ansible in cores.items():
        printed = {_run(ansible, road, "list") for road in roads if road.name in {OURS, PUBLIC}}
        what = f"list at {size:,} differs from the public calls', {core} core"
        yield Figure(what, len(printed) - 1, "of 1", 0)


def _run(ansible: Ansible, road: Road, way: str) -> str:
    """Return a hash of what was printed."""
    program, *arguments = WAYS[way]
    done = ansible.run(program, *arguments, "-i", road.source, **road.settings)
    if done.returncode != 0:
        raise SystemExit(f"{road.name}: {done.stderr[-500:]}")
    return hashlib.sha256(done.stdout.encode()).hexdigest()


def _show(size: int, medians: Mapping[str, Mapping[str, float]]) -> None:
    base = next(iter(medians.values()))
    table = Table(title=f"Start of Ansible at {size:,} hosts: seconds, and times one host")
    table.add_column("road")
    for way in WAYS:
        table.add_column(way, justify="right")
    for name, seconds in medians.items():
        cells = (
            f"{seconds[way]:.2f} s {seconds[way] / base[way]:5.1f} x" if way in seconds else "–"
            for way in WAYS
        )
        table.add_row(name, *cells)
    Console().print(table)
