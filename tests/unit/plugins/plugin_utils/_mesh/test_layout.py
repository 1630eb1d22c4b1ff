# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A layout that would leave a node alone is refused, and each reason names whom it is about."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.layout import (
    NOT_BOTH,
    NOT_ON_RECORD,
    Layout,
    find_layout_faults,
)

Node = dict[str, t.Any]
GOOD = {"north": "a", "south": "c"}


def node(name: str, region: str | None = "north", **changes: t.Any) -> Node:
    return {
        "node_id": name,
        "cluster_id": "main",
        "region": region,
        "state": "active",
        "wireguard_ip": "10.90.0.1",
        "wireguard_public_key": "key",
        **changes,
    }


FLEET = [
    node("a"),
    node("b"),
    node("c", "south"),
    node("gone", state="retired"),
    node("new", "west", wireguard_public_key=None),
    node("z", cluster_id="other"),
]


def faults(own: str, *more: Node, **layout: t.Any) -> list[str]:
    known = [*FLEET, *more]
    (record,) = (one for one in known if one["node_id"] == own)
    return find_layout_faults(Layout(**layout), record, known)


@pytest.mark.parametrize("layout", [{}, {"hub": "a"}, {"gateways": GOOD}])
def test_a_layout_that_reaches_everybody_has_no_faults(layout: dict[str, t.Any]) -> None:
    assert faults("b", **layout) == []


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        ({"hub": "a", "gateways": GOOD}, NOT_BOTH),
        (
            {"hub": "nobody"},
            f"the hub nobody {NOT_ON_RECORD}; name a node of the mesh",
        ),
        ({"hub": "z"}, "the hub z is in another cluster than b; name a node of the mesh"),
        (
            {"gateways": {**GOOD, "north": "gone"}},
            f"the gateway gone of the region north {NOT_ON_RECORD}; name a node of north",
        ),
        (
            {"gateways": {**GOOD, "north": "z"}},
            "the gateway z of the region north is in another cluster than b; name a node of north",
        ),
        (
            {"gateways": {**GOOD, "north": "c"}},
            "the gateway c of the region north is in the region south; name a node of north",
        ),
        (
            {"gateways": {"north": "a"}},
            "no gateway is named for the region south, where c is; name a node of it",
        ),
    ],
)
def test_a_layout_that_leaves_somebody_out_is_refused(
    layout: dict[str, t.Any], reason: str
) -> None:
    assert faults("b", **layout) == [reason]


def test_a_node_that_is_about_to_join_needs_a_gateway_already() -> None:
    (fault,) = faults("new", gateways=GOOD)

    assert fault == "no gateway is named for the region west, where new is; name a node of it"


def test_a_gateway_may_be_about_to_join() -> None:
    assert faults("b", gateways={**GOOD, "west": "new"}) == []


@pytest.mark.parametrize("region", [None, ""])
def test_a_node_without_a_region_is_named(region: str | None) -> None:
    (fault,) = faults("b", node("lost", region), gateways=GOOD)

    assert fault == (
        "lost is in no region, and thus has no gateway; give it one (`qm node set --region`)"
    )


def test_all_reasons_are_told_each_region_once() -> None:
    reasons = faults("b", node("d", "south"), gateways={"north": "nobody"})

    assert [text.partition(" is ")[0] for text in reasons] == [
        "the gateway nobody of the region north",
        "no gateway",
    ]
