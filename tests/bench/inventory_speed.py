# SPDX-License-Identifier: Apache-2.0
"""How long Ansible takes to start on large fleets, by each road, beside an inventory of one host.

Compare the ratios of one run: seconds differ from machine to machine. "ad hoc" is
`ansible all --limit ONE -m debug`, the start-up that people feel.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.fleets import serving, write_sources
from tests.contract.ansible_runs import CORES, SCRIPT, Ansible

AD_HOC = ("ansible", "all", "--limit", "node-000000", "-m", "debug", "-a", "msg=x")
GRAPH = ("ansible-inventory", "--graph")
LIST = ("ansible-inventory", "--list")
WAYS = {"ad hoc": AD_HOC, "graph": GRAPH, "list": LIST}
YAML_LIMIT = 2_000
"""A static YAML file of 10,000 hosts takes minutes; larger ones are left out unless asked for."""


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
        one = Road("inventory of one host", write_sources(Path(folder), 1)["static YAML"], {})
        base = {way: _measure(ansible, one, way, options.repeat) for way in options.ways}
        rows = [("1", one.name, base)]
        for size in options.sizes:
            rows += _measure_size(ansible, size, options)
    _show(rows, base, options)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--repeat", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["ad hoc", "graph"])
    parser.add_argument("--all", action="store_true", help="static YAML at every size as well")
    return parser.parse_args()


def _measure_size(
    ansible: Ansible, size: int, options: argparse.Namespace
) -> list[tuple[str, str, dict[str, float]]]:
    with serving(size) as url:
        roads = _list_roads(ansible, size, url, with_yaml=options.all or size <= YAML_LIMIT)
        _compare(ansible, roads)
        return [
            (
                f"{size:,}",
                road.name,
                {way: _measure(ansible, road, way, options.repeat) for way in options.ways},
            )
            for road in roads
        ]


def _list_roads(ansible: Ansible, size: int, url: str, *, with_yaml: bool) -> list[Road]:
    static = write_sources(ansible.folder, size)
    if not with_yaml:
        del static["static YAML"]
    plugin = ansible.source(f"bench-{size}", f"url: {url}\n")
    return [
        *(Road(name, path, {}) for name, path in static.items()),
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


def _measure(ansible: Ansible, road: Road, way: str, repeat: int) -> float:
    program, *arguments = WAYS[way]
    return statistics.median(
        _time(lambda: _run(ansible, road, program, arguments)) for _ in range(repeat)
    )


def _run(ansible: Ansible, road: Road, program: str, arguments: list[str]) -> None:
    done = ansible.run(program, *arguments, "-i", road.source, **road.settings)
    if done.returncode != 0:
        raise SystemExit(f"{road.name}: {done.stderr[-500:]}")


def _time(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _show(
    rows: list[tuple[str, str, dict[str, float]]],
    base: dict[str, float],
    options: argparse.Namespace,
) -> None:
    table = Table(title="Start of Ansible: seconds, and how many times an inventory of one host")
    table.add_column("hosts", justify="right")
    table.add_column("road")
    for way in options.ways:
        table.add_column(way, justify="right")
    for size, name, seconds in rows:
        cells = (f"{seconds[way]:.2f} s  {seconds[way] / base[way]:5.1f} x" for way in options.ways)
        table.add_row(size, name, *cells)
    Console().print(table)
