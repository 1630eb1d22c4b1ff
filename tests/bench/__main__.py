# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measures, prints beside what was aimed at, and writes build/bench.json.

Nothing here is a test with a limit: seconds differ from machine to machine, and ratios of one run
are what counts. `make bench SIZES=1000` is enough while developing, and `make bench PARTS=roles`
measures runs of the playbooks alone.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import figures, inventory_speed, service_speed
from tests.bench.figures import Figure

_ROOT = Path(__file__).parents[2]
_PARTS = ("service", "mesh", "ansible", "runs", "roles")


def main() -> None:
    """Measure what was chosen; what is known by then is written even if the rest fails."""
    options = _parse()
    known: list[Figure] = []
    try:
        for figure in _measure(options):
            sys.stdout.write(f"{figure.what}: {figure.value:.4g} {figure.unit} {figure.note}\n")
            sys.stdout.flush()
            known.append(figure)
    finally:
        figures.show(known)
        figures.write(known, options.output)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=_PARTS)
    parser.add_argument("--repeat", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--seconds", type=float, default=10, help="how long a load lasts")
    parser.add_argument("--output", type=Path, default=_ROOT / "build" / "bench.json")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> Iterator[Figure]:
    if "service" in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            for size in options.sizes:
                yield from service_speed.measure(Path(folder) / str(size), size, options.seconds)
    if "mesh" in options.parts:
        # Where the links to the collection lie; only known here.
        sys.path.append(str(_ROOT / "collections"))
        from tests.bench import mesh_speed  # noqa: PLC0415 - needs that path

        yield from mesh_speed.measure()
    if "ansible" in options.parts:
        for size in options.sizes:
            yield from inventory_speed.measure(size, options.repeat)
    if "runs" in options.parts:
        from tests.bench import runs_speed  # noqa: PLC0415 - starts programs

        yield from runs_speed.measure(options.repeat)
    if "roles" in options.parts:
        from tests.bench import roles_speed  # noqa: PLC0415 - needs an engine for hosts

        yield from roles_speed.measure(options.repeat)


main()
