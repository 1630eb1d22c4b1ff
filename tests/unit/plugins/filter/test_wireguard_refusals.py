# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused on the controller already."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.filter.wireguard_refusals import (
    FilterModule,
    wireguard_refusals,
)

GOOD = {
    "name": "wg0",
    "address": ["10.8.0.1/24"],
    "mtu": "1420",
    "listen_port": 51820,
    "persistent_keepalive": 0,
}


def test_a_good_interface_has_no_refusals() -> None:
    assert wireguard_refusals(GOOD) == []
    assert wireguard_refusals({**GOOD, "preshared_secret": ""}) == []
    assert wireguard_refusals({**GOOD, "preshared_secret": "s" * 32}) == []


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("name", "-wg0", "no interface name"),
        ("name", None, "no interface name"),
        ("address", ["10.8.0.1"], "prefix length is missing"),
        ("mtu", "many", "mtu 'many' is no number"),
        ("mtu", 100, "not within 1280"),
        ("listen_port", 0, "not within 1"),
        ("persistent_keepalive", 70000, "not within 0"),
        ("preshared_secret", "guess me", "shorter than 32 characters"),
    ],
)
def test_a_wrong_value_gives_its_reason(option: str, value: t.Any, reason: str) -> None:
    (found,) = wireguard_refusals({**GOOD, option: value})

    assert reason in found


def test_every_wrong_value_is_told_at_once() -> None:
    assert len(wireguard_refusals({**GOOD, "mtu": 1, "listen_port": "x", "name": "a/b"})) == 3


NODES = [
    {"node_id": "a", "cluster_id": "m", "state": "active", "wireguard_ip": "10.8.0.1"},
    {"node_id": "b", "cluster_id": "m", "state": "active", "wireguard_ip": "10.8.0.2"},
]


@pytest.mark.parametrize(
    ("address", "recorded", "layout", "reasons"),
    [
        (["10.8.0.1/24"], "10.8.0.1", {}, []),
        (["10.8.0.9/24"], None, {}, []),
        ([], None, {}, ["a has no wireguard_ip or no mesh_prefix"]),
        (
            *(["10.8.0.2/24"], "10.8.0.1", {}),
            ["has the mesh address 10.8.0.1 on record.*is 10.8.0.2, which is that of b; leave"],
        ),
        (["10.8.0.9/24"], "10.8.0.1", {}, ["wireguard_address is 10.8.0.9; leave"]),
        (["10.8.0.1/24"], "10.8.0.1", {"hub": "b"}, []),
        (["10.8.0.1/24"], "10.8.0.1", {"hub": "c"}, ["the hub c"]),
        (["10.8.0.9/24"], "10.8.0.1", {"hub": "c"}, ["wireguard_address", "the hub c"]),
    ],
)
def test_address_and_layout_are_compared_with_the_records(
    address: list[str], recorded: str | None, layout: dict[str, str], reasons: list[str]
) -> None:
    found = wireguard_refusals({**GOOD, "address": address}, NODES, "a", recorded, **layout)

    assert len(found) == len(reasons)
    assert all(re.search(reason, text) for reason, text in zip(reasons, found, strict=True))


def test_a_node_that_is_not_on_record_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="ghost"):
        wireguard_refusals(GOOD, NODES, "ghost")


def test_only_options_are_taken() -> None:
    with pytest.raises(AnsibleFilterError, match="expected the options"):
        wireguard_refusals(t.cast("t.Any", ["wg0"]))


def test_the_filter_has_its_name() -> None:
    assert set(FilterModule().filters()) == {"wireguard_refusals"}
