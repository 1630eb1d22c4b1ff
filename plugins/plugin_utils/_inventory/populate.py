# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two strategies by which a fleet becomes hosts and groups of Ansible, with one result.

One makes the calls that every inventory plugin makes. The bulk strategy creates the objects itself
and links them, since the calls alone take most of the start of a run on a large fleet: they search
the ancestors of each host, and ansible-core 2.19 wraps each value. What the bulk strategy relies on
is internal to ansible-core, so `is_bulk_possible` compares it with what is known first.
"""

from __future__ import annotations

import contextlib
import gc
import typing as t

from ansible.inventory.data import InventoryData
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible.utils.path import basedir

if t.TYPE_CHECKING:
    from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.document import (
        Fleet,
    )

PROBE = "probe"
HOST_SHAPE = {"vars": {}, "groups": [], "name": PROBE, "address": PROBE, "implicit": False}
"""What the constructor of a host sets, besides the `_uuid`."""
GROUP_SHAPE = {
    "depth",
    "name",
    "hosts",
    "_hosts",
    "vars",
    "child_groups",
    "parent_groups",
    "_hosts_cache",
    "priority",
}
DATA_SHAPE = {
    "groups",
    "hosts",
    "_groups_dict_cache",
    "localhost",
    "current_source",
    "processed_sources",
}
Variables = t.Iterable[dict[str, t.Any]]


def find_data(inventory: t.Any) -> t.Any:
    """Return the inventory behind the wrapper that ansible-core 2.19 and newer hand to plugins."""
    return getattr(inventory, "__wrapped__", inventory)


def is_bulk_possible(inventory: t.Any, fleet: Fleet) -> bool:
    """Return whether ansible-core's objects are the known ones, and none of ours exists yet."""
    data = find_data(inventory)
    probe_host, probe_group = Host(PROBE), Group(PROBE)
    return (
        data.__class__ is InventoryData
        and vars(data).keys() == DATA_SHAPE
        and vars(probe_host) == {**HOST_SHAPE, "_uuid": probe_host._uuid}  # noqa: SLF001 - ours
        and vars(probe_group).keys() == GROUP_SHAPE
        and probe_group.hosts == probe_group.child_groups == []
        and data.hosts.__class__ is dict
        and data.hosts.keys().isdisjoint(fleet.names)
        and data.groups.keys().isdisjoint(fleet.groups)
    )


@contextlib.contextmanager
def gc_paused() -> t.Iterator[None]:
    """Keep the cyclic collector from walking the growing fleet, now and after each fork."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()


def populate_bulk(inventory: t.Any, fleet: Fleet, variables: Variables) -> None:
    """Add the fleet by making and linking the objects; only if `is_bulk_possible`."""
    data = find_data(inventory)
    names = fleet.names
    hosts = _make_hosts(data, names, variables)
    # Groups are linked to `all` while empty: the call walks the ancestors of each host in it.
    for name in fleet.groups:
        inventory.add_group(name)
        inventory.add_child("all", name)
    data.hosts.update(zip(names, hosts))  # noqa: B905 - equal by construction
    memberships: list[list[Group]] = [[] for name in names]
    for name, indexes in fleet.groups.items():
        group = data.groups[name]
        group.hosts = list(map(hosts.__getitem__, indexes))
        group._hosts = set(map(names.__getitem__, indexes))  # noqa: SLF001 - the index of `hosts`
        group.clear_hosts_cache()  # of its ancestors too
        # The result of get_hosts(), as the group has no children and no host twice.
        group._hosts_cache = list(group.hosts)  # noqa: SLF001 - as above
        for index in indexes:
            memberships[index].append(group)
    everything = data.groups["all"]
    for host, groups in zip(hosts, memberships):  # noqa: B905 - equal by construction
        if groups:
            host.groups = [everything, *groups]
    data._groups_dict_cache = {}  # noqa: SLF001 - what each public call does


def populate_by_calls(inventory: t.Any, fleet: Fleet, variables: Variables) -> None:
    """Add the fleet by the public calls alone."""
    names = fleet.names
    for name in fleet.groups:
        inventory.add_group(name)
        inventory.add_child("all", name)
    for name, values in zip(names, variables):  # noqa: B905 - equal by construction
        inventory.add_host(name)
        # Not inventory.set_variable: a group of the same name would get the variables.
        host = inventory.get_host(name)
        for key, value in values.items():
            host.set_variable(key, value)
    for name, indexes in fleet.groups.items():
        for index in indexes:
            inventory.add_host(names[index], group=name)


def _make_hosts(data: t.Any, names: list[str], variables: Variables) -> list[Host]:
    source = data.current_source
    origin = {"inventory_file": source, "inventory_dir": basedir(source) if source else None}
    stem = Host(PROBE)._uuid  # noqa: SLF001 - each host has one of its own
    hosts, new = [], object.__new__
    for name, values in zip(names, variables):  # noqa: B905 - equal by construction
        # Its constructor would take as long as all else here.
        host = new(Host)
        host.vars = {**origin, **values}
        host.groups = []
        host._uuid = f"{stem}-{name}"  # noqa: SLF001 - as above
        host.name = host.address = name
        host.implicit = False
        hosts.append(host)
    return hosts
