# SPDX-License-Identifier: Apache-2.0
"""What it costs to run the playbooks on a fleet where nothing has to change, by several ways.

All ways take turns on the same three hosts, so that they share the noise of the machine; compare
the ratios of one run. The roles of others are taken from the folder QM_BENCH_PEERS, as
`ansible-galaxy role install -p` and `ansible-galaxy collection install -p` leave them there.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure
from tests.bench.run_costs import Cost, find_medians, read_cpu_s
from tests.bench.run_costs import measure as measure_run
from tests.contract.processes import running_service
from tests.e2e.fleet import BIN, ROOT, Fleet
from tests.e2e.mitogen import get_settings
from tests.hosts import network

_ROWS = "bench,3,s-1vcpu-512mb-10gb,s-1vcpu-512mb-10gb,prod,lon1\n"
_MESH = ("--tags", "wireguard,common_sshd")
SITE, MESH, PEERS = "whole site", "mesh and sshd", "mesh and sshd by peers"
SITE_MITOGEN, MESH_MITOGEN = f"{SITE}, Mitogen", f"{MESH}, Mitogen"
#: The peers in the folder, as Galaxy's client leaves them there.
_PEERS = ("githubixx.ansible_role_wireguard", "ansible_collections/devsec/hardening")
_HOW = (
    "QM_BENCH_PEERS names no folder with the roles of others, which are left out. To have them: "
    "ansible-galaxy role install -p DIR githubixx.ansible_role_wireguard; "
    "ansible-galaxy collection install -p DIR devsec.hardening; QM_BENCH_PEERS=DIR make bench"
)
#: The most that each figure of a way should be. A host's tasks are the same on each machine.
_TARGETS = {(SITE, "tasks"): 28, (SITE, "to_host"): 6}
#: What a way's figure should be at most, as a share of another way's.
_SHARES = {(MESH, PEERS, "wall_s"): 1 / 5}
_UNITS = {
    "tasks": ("tasks a host", "tasks"),
    "to_host": ("tasks that reach the host", "tasks"),
    "wall_s": ("on the wall", "s"),
    "controller_cpu_s": ("processor of the controller", "s"),
    "hosts_cpu_s": ("processor of all hosts", "s"),
}


@dataclass(frozen=True)
class Way:
    """A run of a playbook, and the settings of Ansible that it needs."""

    name: str
    playbook: str = "playbooks/site.yml"
    options: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> Sequence[str | Path]:
        """What starts it, in the checkout."""
        return (BIN / "ansible-playbook", self.playbook, *self.options)


def measure(repeat: int) -> Iterator[Figure]:
    """Yield the medians of all ways and their ratios; print them as a table as well."""
    with tempfile.TemporaryDirectory() as folder, _setting_up(Path(folder)) as fleet:
        ways = [*_list_own(), *_list_peers(os.environ.get("QM_BENCH_PEERS"))]
        costs = _take_turns(fleet, ways, repeat, Path(folder))
    medians = {name: find_medians(found) for name, found in costs.items()}
    _show(medians)
    yield from list_figures(medians)


@contextmanager
def _setting_up(folder: Path) -> Iterator[Fleet]:
    """Lend three hosts on which nothing of ours is left to change."""
    with running_service(folder) as service:
        fleet = Fleet(folder, service, f"bench-{network.get_checkout()[:6]}")
        try:
            fleet.import_csv(_ROWS)
            for playbook in ("provision", "site"):
                _say(f"setting up 3 hosts: {playbook}")
                fleet.play(playbook)
            yield fleet
        finally:
            fleet.remove()


def _list_own() -> Iterator[Way]:
    mitogen = get_settings()
    yield Way(SITE)
    yield Way(SITE_MITOGEN, settings=mitogen)
    yield Way(MESH, options=_MESH)
    yield Way(MESH_MITOGEN, options=_MESH, settings=mitogen)


def _list_peers(folder: str | None) -> Iterator[Way]:
    """Yield the way of the peers, if they are in the folder."""
    place = Path(folder or "/nowhere")
    if not all((place / path).is_dir() for path in _PEERS):
        _say(_HOW)
        return
    settings = {
        "ANSIBLE_ROLES_PATH": str(place),
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / 'collections'}:{place}",
        # Ansible's own default, which roles of others rely on.
        "ANSIBLE_INJECT_FACT_VARS": "true",
    }
    options = ("-e", "@tests/bench/peers_variables.yml")
    yield Way(PEERS, "tests/bench/peers.yml", options, settings)


def _take_turns(
    fleet: Fleet, ways: Sequence[Way], repeat: int, folder: Path
) -> dict[str, list[Cost]]:
    """Return what each run of each way cost, but for the first one of the peers: it sets up."""
    costs: dict[str, list[Cost]] = {way.name: [] for way in ways}
    for turn in range(repeat + 1):
        for way in ways:
            if turn == 0 and way.name != PEERS:
                continue
            cost = measure_run(
                way.command,
                fleet.environment | way.settings,
                folder,
                lambda: _read_hosts_cpu_s(fleet),
            )
            number = f"turn {turn} of {repeat}" if turn else "set up"
            _say(f"{number}, {way.name}: {_describe(cost)}")
            if turn:
                costs[way.name].append(cost)
    return costs


def _read_hosts_cpu_s(fleet: Fleet) -> float:
    """Return the processor time of all hosts since their start."""
    with fleet.engine.client() as client:
        return sum(
            read_cpu_s(client.containers.get(name).stats(stream=False, one_shot=True))
            for name in network.list_hosts(fleet.engine, fleet.network)
        )


def list_figures(medians: Mapping[str, Cost]) -> Iterator[Figure]:
    """Yield the figures of each way, and what it costs beside the first one and the peers."""
    for name, cost in medians.items():
        for key, (words, unit) in _UNITS.items():
            limit = _TARGETS.get((name, key))
            yield Figure(f"unchanged {name}: {words}", getattr(cost, key), unit, limit)
    for name, base in _list_pairs(medians):
        ratio = medians[name] / medians[base]
        for key, (words, _) in _UNITS.items():
            limit = _SHARES.get((name, base, key))
            yield Figure(f"unchanged {name} / {base}: {words}", getattr(ratio, key), "x", limit)


def _list_pairs(medians: Mapping[str, Cost]) -> list[tuple[str, str]]:
    """Return which ways are compared with which."""
    pairs = [(SITE_MITOGEN, SITE), (MESH_MITOGEN, MESH)]
    if PEERS in medians:
        pairs += [(name, PEERS) for name in (MESH, MESH_MITOGEN, SITE, SITE_MITOGEN)]
    return pairs


def _show(medians: Mapping[str, Cost]) -> None:
    table = Table(title="Runs that change nothing on 3 hosts: medians, and ratios")
    for heading in ("run", "tasks", "to host", "changed", "wall s", "controller s", "hosts s"):
        table.add_column(heading, justify="left" if heading == "run" else "right")
    for name, cost in medians.items():
        table.add_row(name, *_round(cost, ".0f", ".1f"))
    for name, base in _list_pairs(medians):
        table.add_row(f"{name} / {base}", *_round(medians[name] / medians[base], ".2f", ".2f"))
    Console().print(table)


def _round(cost: Cost, count: str, seconds: str) -> list[str]:
    counts = (cost.tasks, cost.to_host, cost.changed)
    times = (cost.wall_s, cost.controller_cpu_s, cost.hosts_cpu_s)
    cells = [f"{one:{count}}" for one in counts] + [f"{one:{seconds}}" for one in times]
    return ["" if cell == "nan" else cell for cell in cells]


def _describe(cost: Cost) -> str:
    return (
        f"{cost.tasks:.0f} tasks a host, {cost.to_host:.0f} to it, {cost.changed:.0f} changed; "
        f"wall {cost.wall_s:.1f} s, controller {cost.controller_cpu_s:.1f} s, "
        f"hosts {cost.hosts_cpu_s:.1f} s"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"roles: {line}\n")
    sys.stdout.flush()
