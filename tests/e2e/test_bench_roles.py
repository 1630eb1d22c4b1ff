# SPDX-License-Identifier: Apache-2.0
"""How `make bench` counts what runs of the playbooks do, and what it makes of the counts."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import roles_speed
from tests.bench.run_costs import Cost, Counts, find_medians, measure, read_counts, read_cpu_s

BIN = Path(sys.executable).parent
#: Four tasks that reach a host; all others stay on the controller or are skipped.
PLAY = """
- hosts: fleet
  gather_facts: false
  tasks:
    - ansible.builtin.command: "true"
      changed_when: false
    - ansible.builtin.stat:
        path: /
    - ansible.builtin.command: echo {{ item }}
      loop: [one, two]
      changed_when: inventory_hostname == 'a'
    - ansible.builtin.command: echo secret
      no_log: true
      changed_when: false
    - ansible.builtin.assert:
        that: true
    - ansible.builtin.set_fact:
        known: secret
      no_log: true
    - ansible.builtin.debug:
        msg: "{{ item }}"
      loop: [one, two]
    - ansible.builtin.command: "true"
      when: false
    - ansible.builtin.command: "true"
      delegate_to: localhost
      changed_when: false
    - ansible.builtin.command: "true"
      run_once: true
      changed_when: false
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.command: "true"
"""
INVENTORY = "all: {vars: {ansible_connection: local}, children: {fleet: {hosts: {a: , b: , c: }}}}"


def make_cost(**figures: float) -> Cost:
    known = {"tasks": 54, "to_host": 23, "changed": 0, "wall_s": 60, "hosts_cpu_s": 40}
    return Cost(**{"controller_cpu_s": 27.0, **known, **figures})


def run(folder: Path, play: str) -> Cost:
    """Measure a play on three hosts, which are this machine by other names."""
    (folder / "play.yml").write_text(play, "utf-8")
    (folder / "hosts.yml").write_text(INVENTORY, "utf-8")
    command = (BIN / "ansible-playbook", "-i", folder / "hosts.yml", folder / "play.yml")
    environment = {name: text for name, text in os.environ.items() if "ANSIBLE" not in name}
    hosts_cpu_s = iter([100.0, 112.5])
    return measure(command, environment, folder, lambda: next(hosts_cpu_s))


def test_a_real_run_is_counted_on_a_host_without_the_tasks_that_run_once(tmp_path: Path) -> None:
    cost = run(tmp_path, PLAY)

    assert (cost.tasks, cost.to_host, cost.changed) == (9, 4, 1)
    assert cost.hosts_cpu_s == 12.5
    assert cost.controller_cpu_s > 0
    assert cost.wall_s > 0


def test_a_run_that_fails_ends_the_bench_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such luck"):
        run(tmp_path, "- hosts: fleet\n  tasks: [ansible.builtin.fail: {msg: no such luck}]\n")


def counts(**hosts: list[int]) -> str:
    names = ("ok", "skipped", "to_host", "changed", "failures", "unreachable")
    return json.dumps({host: dict(zip(names, row, strict=True)) for host, row in hosts.items()})


def test_the_first_hosts_tasks_for_all_and_the_controllers_own_do_not_count() -> None:
    found = read_counts(
        counts(
            first=[47, 15, 24, 1, 0, 0],
            second=[39, 15, 23, 0, 0, 0],
            third=[39, 15, 23, 2, 0, 0],
            localhost=[1, 0, 1, 1, 0, 0],
        )
    )
    assert found == Counts(tasks=54, to_host=23, changed=3)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (counts(a=[9, 0, 4, 0, 0, 0], b=[9, 0, 4, 0, 1, 0]), "b"),
        (counts(a=[9, 0, 4, 0, 0, 1], b=[9, 0, 4, 0, 1, 0]), "a, b"),
        (counts(localhost=[1, 0, 1, 0, 0, 0]), "none"),
    ],
)
def test_a_run_without_all_of_its_hosts_measures_nothing(text: str, named: str) -> None:
    with pytest.raises(SystemExit, match=f"hosts: {named}$"):
        read_counts(text)


def test_the_processor_time_of_a_container_is_read_in_seconds() -> None:
    assert read_cpu_s({"cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}}}) == 2.5


def test_medians_are_of_each_figure_for_itself() -> None:
    costs = [make_cost(wall_s=wall, hosts_cpu_s=cpu) for wall, cpu in [(9, 1), (3, 7), (5, 2)]]
    found = find_medians(costs)
    assert (found.wall_s, found.hosts_cpu_s, found.tasks) == (5, 2, 54)


def test_a_ratio_beside_nothing_is_no_number() -> None:
    ratio = make_cost(wall_s=15) / make_cost()
    assert (ratio.wall_s, ratio.tasks) == (0.25, 1)
    assert math.isnan(ratio.changed)


def list_figures(**more: Cost) -> dict[str, float]:
    own = (roles_speed.SITE, roles_speed.SITE_MITOGEN, roles_speed.MESH, roles_speed.MESH_MITOGEN)
    medians = {
        name: make_cost(wall_s=wall) for name, wall in zip(own, (60, 30, 24, 12), strict=True)
    }
    figures = roles_speed.list_figures({**medians, **more})
    return {figure.what: figure.value for figure in figures}


def test_each_way_is_compared_with_its_base() -> None:
    figures = list_figures()
    assert figures["unchanged whole site: on the wall"] == 60
    assert figures["unchanged whole site, Mitogen / whole site: on the wall"] == 0.5
    assert not [what for what in figures if "peers" in what]


def test_with_peers_each_way_is_compared_with_them() -> None:
    figures = list_figures(**{roles_speed.PEERS: make_cost(wall_s=120)})
    ratios = {what: value for what, value in figures.items() if what.endswith("peers: on the wall")}
    assert list(ratios.values()) == [120, 0.2, 0.1, 0.5, 0.25]


@pytest.mark.parametrize("missing", ["githubixx.ansible_role_wireguard", "ansible_collections"])
def test_without_both_peers_it_says_how_to_have_them(
    tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in {"githubixx.ansible_role_wireguard", "ansible_collections"} - {missing}:
        (tmp_path / name / "devsec" / "hardening").mkdir(parents=True)

    assert not list(roles_speed._list_peers(str(tmp_path)))

    (said,) = capsys.readouterr().out.splitlines()
    assert "ansible-galaxy role install" in said


def test_peers_are_run_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "githubixx.ansible_role_wireguard").mkdir()
    (tmp_path / "ansible_collections" / "devsec" / "hardening").mkdir(parents=True)

    (way,) = roles_speed._list_peers(str(tmp_path))

    assert way.settings["ANSIBLE_ROLES_PATH"] == str(tmp_path)
    assert way.settings["ANSIBLE_COLLECTIONS_PATH"].endswith(f":{tmp_path}")
    files = [roles_speed.ROOT / word.removeprefix("@") for word in way.command[1:] if word != "-e"]
    assert all(file.is_file() for file in files)


@pytest.mark.hosts
@pytest.mark.slow
@pytest.mark.soak
def test_each_way_is_measured_on_real_hosts_and_changes_nothing(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    options = ("--parts", "roles", "--repeat", "1", "--output", output)
    command = (sys.executable, "-m", "tests.bench", *options)
    environment = {name: text for name, text in os.environ.items() if name != "QM_BENCH_PEERS"}
    done = subprocess.run(
        command,
        cwd=roles_speed.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count(" 0 changed; ") == 4
    figures = {
        figure["what"]: figure["value"] for figure in json.loads(output.read_text())["figures"]
    }
    assert len(figures) == len(list_figures())
    assert min(figures.values()) > 0
