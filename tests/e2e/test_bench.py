# SPDX-License-Identifier: Apache-2.0
"""`make bench` runs on a small fleet and tells all its figures; how good they are is not asked.

Its part with real hosts is in test_bench_roles.py.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: How each of the issue's targets begins in the figures.
AIMS = (
    "registration of 60",
    "memory of the service with 60",
    "inventory of 60, columns, gzip: whole",
    "inventory of 60, columns, gzip: 304",
    "inventory of 60, as a script prints it: whole",
    "heartbeats, one a request",
    "heartbeats, 60 a request of a relay",
    "mesh of 500 nodes",
    "list at 60 differs from the public calls', newest core",
    "list at 60 differs from the public calls', oldest core",
    "ad hoc at 60, our plugin",
    "graph at 60, our script",
    "list at 60, static YAML",
)


@pytest.mark.slow
def test_a_quick_bench_tells_each_figure_and_loses_no_heartbeat(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    options = ["--parts", "service", "mesh", "ansible", "--sizes", "60", "--repeat", "1"]
    options += ["--seconds", "0.5", "--output", str(output)]
    subprocess.run(
        [sys.executable, "-m", "tests.bench", *options], cwd=ROOT, check=True, timeout=300
    )
    figures = {figure["what"]: figure for figure in json.loads(output.read_text())["figures"]}
    missing = [aim for aim in AIMS if not any(what.startswith(aim) for what in figures)]
    assert missing == []
    beats = [figure["note"] for what, figure in figures.items() if what.startswith("heartbeats")]
    assert len(beats) == 2
    assert all("0 refused, 0 lost" in note for note in beats)
    differing = [figure["value"] for what, figure in figures.items() if " differs " in what]
    assert differing == [0, 0]
