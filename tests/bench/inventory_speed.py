# SPDX-License-Identifier: Apache-2.0
"""How long Ansible takes to start on large fleets, by each road, beside an inventory of one host.

Compare the ratios of one run: seconds differ from machine to machine. "ad hoc" is
`ansible all --limit ONE -m debug`, the start-up that people feel.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.fleets import KINDS, serving, write_source
from tests.contract.ansible_runs import CORES, SCRIPT, Ansible

AD_HOC = ("ansible", "all", "--limit", "node-000000", "-m", "debug", "-a", "msg=x")
GRAPH = ("ansible-inventory", "--graph")
LIST = ("ansible-inventory", "--list")
WAYS = {"ad hoc": AD_HOC, "graph": GRAPH, "list": LIST}
LIMITS = {"static YAML": 2_000, "static INI": 20_000}
"""Beyond these sizes a static file takes minutes; it is left out unless asked for by --all."""


@dataclass(frozen=True)
class Road:
    """One way of the fleet to Ansible."""

    name: str
    source: Path
    settings: dict[str, str]


def main() -> None:
    """Measure each road at each size and print seconds and ratios side by side."""
    options = _parse()
    with tempfile.TemporaryDirectory() as folder:
        ansible = Ansible(CORES[0], Path(folder))
        for size in options.sizes:
            _show(size, _measure_size(ansible, size, options), options.ways)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--repeat", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["ad hoc", "graph"])
    parser.add_argument("--all", action="store_true", help="static files at every size as well")
    return parser.parse_args()


def _measure_size(
    ansible: Ansible, size: int, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Return the median seconds of each road, by way; roads take turns, to share noise."""
    kinds = [kind for kind in KINDS if options.all or size <= LIMITS.get(kind, size)]
    with serving(size) as url:
        one = Road("inventory of one host", write_source("static YAML", ansible.folder, 1), {})
        roads = [one, *_list_roads(ansible, size, url, kinds)]
        _compare(ansible, roads)
        taken: dict[str, dict[str, list[float]]] = {
            road.name: {way: [] for way in options.ways} for road in roads
        }
        for _ in range(options.repeat):
            for road in roads:
                for way in options.ways:
                    taken[road.name][way].append(_time(ansible, road, way))
    return {
        name: {way: statistics.median(times) for way, times in ways.items()}
        for name, ways in taken.items()
    }


def _list_roads(ansible: Ansible, size: int, url: str, kinds: list[str]) -> list[Road]:
    plugin = ansible.source(f"bench-{size}", f"url: {url}\n")
    return [
        *(Road(kind, write_source(kind, ansible.folder, size), {}) for kind in kinds),
        Road("our script", SCRIPT, {"QM_URL": url}),
        Road("our plugin, public calls", plugin, {"QM_INVENTORY_BULK": "false"}),
        Road("our plugin", plugin, {}),
    ]


def _compare(ansible: Ansible, roads: list[Road]) -> None:
    """Make sure that both roads of the plugin give the same, byte for byte."""
    printed = {
        ansible.run(*GRAPH, "--vars", "-i", road.source, **road.settings).stdout
        for road in roads
        if road.name.startswith("our plugin")
    }
    if len(printed) != 1:
        raise SystemExit("The roads of the plugin differ: run tests/contract first.")


def _time(ansible: Ansible, road: Road, way: str) -> float:
    program, *arguments = WAYS[way]
    start = time.perf_counter()
    done = ansible.run(program, *arguments, "-i", road.source, **road.settings)
    if done.returncode != 0:
        raise SystemExit(f"{road.name}: {done.stderr[-500:]}")
    return time.perf_counter() - start


def _show(size: int, medians: dict[str, dict[str, float]], ways: list[str]) -> None:
    base = next(iter(medians.values()))
    table = Table(title=f"Start of Ansible at {size:,} hosts: seconds, and times one host")
    table.add_column("road")
    for way in ways:
        table.add_column(way, justify="right")
    for name, seconds in medians.items():
        cells = (f"{seconds[way]:.2f} s {seconds[way] / base[way]:5.1f} x" for way in ways)
        table.add_row(name, *cells)
    Console().print(table)
