# SPDX-License-Identifier: Apache-2.0
"""What a run of mesh and firewall costs that changes nothing: few tasks, fewer to the host."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.fleet import PAIR, Fleet, running_fleet

pytestmark = [pytest.mark.hosts, pytest.mark.slow]
ROLES = {"quartermaster.fleet.wireguard": 2, "quartermaster.fleet.firewall": 1}
"""By role, how many of its tasks may reach a host that needs no change."""
MAX_ENTRIES = 12
"""Of both roles, for a host that does not carry what is done once for all."""
ON_CONTROLLER = {"assert", "debug", "include_tasks", "validate_argument_spec", "fail", "set_fact"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with running_fleet(tmp_path_factory.mktemp("unchanged"), PAIR) as fleet:
        fleet.play("site", "--tags", "wireguard,firewall,always")
        yield fleet


@pytest.fixture(scope="module")
def results(fleet: Fleet) -> list[tuple[str, dict[str, Any]]]:
    """Return what each task of a run gave, by its name, for the host that carries least."""
    run = fleet.play("site", "--tags", "wireguard,firewall,always", callback="ansible.posix.json")
    plays = json.loads(run.output[run.output.index("{") :])["plays"]
    tasks = [task for play in plays for task in play["tasks"]]
    host = min(fleet.nodes(), key=lambda name: sum(name in task["hosts"] for task in tasks))
    found = [(task["task"]["name"], task["hosts"][host]) for task in tasks if host in task["hosts"]]
    assert not any(result["changed"] for _name, result in found)
    return found


def test_few_tasks_reach_a_host(results: list[tuple[str, dict[str, Any]]]) -> None:
    reaching = Counter(
        name.partition(" : ")[0] for name, result in results if _reaches_host(result)
    )
    assert {role: reaching[role] for role in ROLES} == ROLES


def test_few_tasks_are_begun(results: list[tuple[str, dict[str, Any]]]) -> None:
    entries = [name for name, _result in results if name.partition(" : ")[0] in ROLES]
    assert len(entries) <= MAX_ENTRIES, entries


def _reaches_host(result: dict[str, Any]) -> bool:
    is_skipped = result.get("skipped") or result["action"].split(".")[-1] in ON_CONTROLLER
    return not is_skipped and "_ansible_delegated_vars" not in result


@pytest.mark.parametrize(
    ("drift", "repaired"),
    [
        ("ip link set dev wg0 mtu 1300", "ip link show wg0 | grep 'mtu 1420'"),
        (
            "nft insert rule inet quartermaster input tcp dport 9999 accept",
            "nft list table inet quartermaster | grep 9999 || echo none",
        ),
    ],
    ids=["wg0", "nft"],
)
def test_what_drifted_on_the_host_is_found_in_each_run(
    fleet: Fleet, drift: str, repaired: str
) -> None:
    """The few tasks still compare what runs."""
    name = min(fleet.nodes())
    fleet.on(name, drift)
    run = fleet.play("site", "--tags", "wireguard,firewall,always")
    assert run.changed[name] == 1
    found = fleet.on(name, repaired)
    assert "1420" in found or found.strip() == "none"
