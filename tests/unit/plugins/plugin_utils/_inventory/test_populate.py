# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both strategies leave Ansible with the same hosts, groups and links, in the same order."""

from __future__ import annotations

import gc
import typing as t

import pytest
from ansible.inventory.data import InventoryData
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.document import Fleet
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._inventory import (
    populate,
)

SOURCE = "/fleet/x.quartermaster.yml"


def make_fleet(size: int) -> Fleet:
    rows = [[f"n{number}", number, {"nested": [{"x": "ż"}]}] for number in range(size)]
    groups = {
        "data": list(range(0, size, 2)),
        "control": list(range(1, size, 3)),
        "region_a": list(range(size - 1)),
        "none": [],
    }
    return Fleet(("node_id", "number", "more"), rows, groups)


def variables_of(fleet: Fleet) -> list[dict[str, t.Any]]:
    return [dict(zip(fleet.columns, row, strict=True)) for row in fleet.rows]


def fill(strategy: t.Callable[..., None], fleet: Fleet) -> InventoryData:
    inventory = InventoryData()
    inventory.current_source = SOURCE
    strategy(inventory, fleet, variables_of(fleet))
    inventory.reconcile_inventory()
    return inventory


def describe(inventory: InventoryData) -> dict[str, t.Any]:
    """Return all that an inventory holds, links as names, identities left out."""

    def names(objects: t.Iterable[t.Any]) -> list[str]:
        return [one.name for one in objects]

    return {
        "hosts": {
            name: {
                **vars(host),
                "_uuid": host._uuid is not None,
                "groups": names(host.groups),
                "vars": list(host.vars.items()),
                "magic": host.get_magic_vars(),
            }
            for name, host in inventory.hosts.items()
        },
        "groups": {
            name: {
                "hosts": names(group.hosts),
                "index": set(group.host_names),
                "all hosts": names(group.get_hosts()),
                "children": names(group.child_groups),
                "parents": names(group.parent_groups),
                "vars": group.vars,
                "depth": group.depth,
                "priority": group.priority,
            }
            for name, group in inventory.groups.items()
        },
        "dict": inventory.get_groups_dict(),
        "localhost": inventory.localhost,
    }


@pytest.mark.parametrize("size", [0, 1, 2, 50])
def test_both_strategies_build_the_same_inventory(size: int) -> None:
    fleet = make_fleet(size)
    by_bulk, by_calls = fill(populate.populate_bulk, fleet), fill(populate.populate_by_calls, fleet)
    assert describe(by_bulk) == describe(by_calls)


CHANGES: dict[str, t.Callable[[InventoryData], t.Any]] = {
    "a host more": lambda inventory: inventory.add_host("late", "data"),
    "a host in one group more": lambda inventory: inventory.add_child("data", "n1"),
    "a host less": lambda inventory: inventory.remove_host(inventory.hosts["n0"]),
    "a group less": lambda inventory: inventory.remove_group(inventory.groups["control"]),
    "a group in a group": lambda inventory: inventory.add_child("data", "region_a"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_later_changes_have_one_effect_after_either_strategy(change: str) -> None:
    inventories = [
        fill(strategy, make_fleet(4))
        for strategy in (populate.populate_bulk, populate.populate_by_calls)
    ]
    before = describe(inventories[0])
    for inventory in inventories:
        CHANGES[change](inventory)
        inventory.reconcile_inventory()
    assert describe(inventories[0]) == describe(inventories[1]) != before


def test_each_host_is_itself_alone() -> None:
    hosts = [*fill(populate.populate_bulk, make_fleet(3)).hosts.values()]
    others = [*fill(populate.populate_bulk, make_fleet(3)).hosts.values(), Host("n0")]
    assert len({*hosts, *others}) == 7
    assert hosts[0] != hosts[1]
    assert hosts[0] not in others


def test_the_objects_of_this_ansible_core_are_known() -> None:
    assert populate.is_bulk_possible(InventoryData(), make_fleet(3))


@pytest.mark.parametrize("kind", [Host, Group])
def test_objects_of_another_shape_lead_to_the_public_calls(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kind.__init__

    def make(self: t.Any, *arguments: t.Any, **options: t.Any) -> None:
        made(self, *arguments, **options)
        self.new_in_some_later_core = None

    monkeypatch.setattr(kind, "__init__", make)
    assert not populate.is_bulk_possible(InventoryData(), make_fleet(3))


def test_an_inventory_of_another_kind_leads_to_the_public_calls() -> None:
    class Other(InventoryData):
        pass

    assert not populate.is_bulk_possible(Other(), make_fleet(3))


def test_a_host_or_group_of_another_source_leads_to_the_public_calls() -> None:
    with_host, with_group = InventoryData(), InventoryData()
    with_host.add_host("n1")
    with_group.add_group("data")
    assert not populate.is_bulk_possible(with_host, make_fleet(3))
    assert not populate.is_bulk_possible(with_group, make_fleet(3))
    with_host.add_host("elsewhere")
    del with_host.hosts["n1"]
    assert populate.is_bulk_possible(with_host, make_fleet(3))


def test_the_public_calls_add_to_what_another_source_gave() -> None:
    inventory = InventoryData()
    inventory.add_group("data")
    inventory.add_host("n0", "data")
    inventory.set_variable("n0", "mine", 1)
    populate.populate_by_calls(inventory, make_fleet(3), variables_of(make_fleet(3)))
    inventory.reconcile_inventory()
    assert inventory.hosts["n0"].vars["mine"] == 1
    assert inventory.hosts["n0"].vars["number"] == 0
    assert inventory.get_groups_dict()["data"] == ["n0", "n2"]


@pytest.mark.parametrize("strategy", [populate.populate_bulk, populate.populate_by_calls])
def test_a_host_with_the_name_of_a_group_keeps_its_variables_and_its_place(
    strategy: t.Callable[..., None],
) -> None:
    fleet = Fleet(("node_id",), [["control"], ["b"]], {"control": [0, 1]})
    inventory = fill(strategy, fleet)
    assert inventory.hosts["control"].vars["node_id"] == "control"
    assert "node_id" not in inventory.groups["control"].vars
    assert inventory.get_groups_dict()["control"] == ["control", "b"]


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_left_as_it_was(*, was_on: bool) -> None:
    (gc.enable if was_on else gc.disable)()
    try:
        with populate.gc_paused():
            assert not gc.isenabled()
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
        gc.unfreeze()


def test_the_wrapper_of_newer_cores_is_looked_behind() -> None:
    class Wrapper:
        def __init__(self, wrapped: InventoryData) -> None:
            self.__wrapped__ = wrapped

    inventory = InventoryData()
    assert populate.find_data(Wrapper(inventory)) is inventory
    assert populate.find_data(inventory) is inventory
