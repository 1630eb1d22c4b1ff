# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people write into zones by mistake, or to get a line of their own into the table."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import render
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import (
    COMMENT_MAX,
    Refused,
    parse_policy,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.zones import (
    members_of,
    reach_of,
    rules_of,
    zone_refusals,
)
from hypothesis import example, given
from hypothesis import strategies as st

NODE = {"node_id": "one", "node_type": "web", "cluster_id": "main", "wireguard_ip": "10.90.0.1"}


def zone(**changes: t.Any) -> list[t.Any]:
    return [{"name": "one", "members": ["all"], "allow": [], **changes}]


def allow(**changes: t.Any) -> list[t.Any]:
    return zone(allow=[{"from": ["any"], "tcp": [80], **changes}])


@pytest.mark.parametrize(
    ("zones", "reason"),
    [
        # A text is a list of letters to Python, so that this would silently have no members.
        (zone(members="web"), "zone one: members is no list of names, as [web, db-1]: 'web'"),
        (zone(members=None), "members is no list of names"),
        (zone(members=[7]), "members is no list of names"),
        (zone(allow=None), "zone one: allow is no list: None"),
        (zone(allow="any"), "zone one: allow is no list: 'any'"),
        (zone(reach=None), "zone one: reach is no list: None"),
        (zone(allow=["any"]), "an entry of allow has from, tcp and udp, and nothing else"),
        (allow(**{"from": "any"}), "zone one: from is no list, as [any]: 'any'"),
        (allow(**{"from": None}), "zone one: from is empty; [] is nobody, [any] is all"),
        (allow(tcp=443), "zone one: tcp is no list, as [443]: 443"),
        (allow(tcp="8000-8999"), "zone one: tcp is no list, as [443]: '8000-8999'"),
        (allow(udp=53), "zone one: udp is no list, as [53]: 53"),
        # Numbers and truths are addresses to Python: 0.0.0.10 and 0.0.0.1.
        (allow(**{"from": [10]}), "zone one: 10 is neither any, mesh, a zone nor a network"),
        (allow(**{"from": [True]}), "zone one: True is neither"),
        (allow(**{"from": [["any"]]}), "zone one: ['any'] is neither"),
        (allow(**{"from": ["fe80::1%eth0"]}), "'fe80::1%eth0' is neither"),
        (allow(**{"from": ["fe80::1%} accept"]}), "'fe80::1%} accept' is neither"),
        (allow(**{"from": ["-i lo"]}), "'-i lo' is neither"),
        (allow(**{"from": ["one\n"]}), "is neither"),
        (allow(tcp=["-22"]), "'-22' is no port"),
        (allow(tcp=["22\n"]), "is no port"),
        (allow(tcp=["٢٢"]), "is no port"),
        (allow(tcp=["$(reboot)"]), "is no port"),
        (zone(name="one\n"), "a name is made of"),
        (zone(name="-one"), "a name is made of"),
        (zone(name=1), "zone 1: a name is made of"),
        (["one"], "zone one: it has name, members, allow and reach"),
    ],
)
def test_what_is_no_zone_is_refused_in_a_sentence(zones: list[t.Any], reason: str) -> None:
    (found,) = zone_refusals(zones)

    assert reason in found


def test_a_zone_of_nobody_and_an_entry_for_nobody_are_none_of_them() -> None:
    empty = [*zone(members=[]), {"name": "two", "members": ["all"], "allow": []}]
    nobody = [{"name": "three", "members": ["all"], "allow": [{"from": [], "tcp": [22]}]}]

    assert zone_refusals([*empty, *nobody]) == []
    assert zone_refusals([]) == []
    assert rules_of(NODE, [*empty, *nobody], "10.90.0.0/24") == []
    assert members_of([NODE], NODE, empty) == {"one": [], "two": ["10.90.0.1"]}


def test_without_a_mesh_nobody_is_let_in_by_zone() -> None:
    mixed = allow(**{"from": ["one", "mesh", "192.0.2.0/24"]})
    alone = allow(**{"from": ["one", "mesh"]})

    (rule,) = rules_of(NODE, mixed)

    assert rule.as_option("sources")["sources"] == ["192.0.2.0/24"]
    assert rules_of(NODE, alone) == []
    assert len(rules_of(NODE, alone, "10.90.0.0/24")) == 1


@pytest.mark.parametrize(
    ("size", "is_cut"),
    [(COMMENT_MAX - 1, False), (COMMENT_MAX, False), (COMMENT_MAX + 1, True)],
)
def test_a_comment_that_nftables_would_not_take_is_cut(size: int, *, is_cut: bool) -> None:
    name = "z" * 20
    # Zones besides make up the length that is asked for.
    others = ["a" * 31, "b" * 31, "c" * (size - len(f"{name} from , , ") - 62)]
    zones = [zone(name=other)[0] for other in others]
    zones += zone(name=name, allow=[{"from": others, "tcp": [80]}])

    (rule,) = rules_of(NODE, zones, "10.90.0.0/24")

    whole = f"{name} from {', '.join(others)}"
    assert len(whole) == size
    assert rule.comment == (f"{whole[: COMMENT_MAX - 3]}..." if is_cut else whole)
    assert len(rule.comment) <= COMMENT_MAX


# Values that are right, and texts made of what nft(8), a shell and Python take for their own.
OTHERS = st.sampled_from(["any", "mesh", "app", "192.0.2.0/24", "fd00::/8", "2001:db8::1"])
PORTS = st.sampled_from([22, "80", "8000-8999", "1-65535"])
PARTS = ["fe80::1%", "10.0.0.1", "::/0", "22", "@app", "}", ";", '"', "#", "-", "\n", " accept"]
TEXTS = st.lists(st.sampled_from([*PARTS, "$(id)", "/", "ü"]), max_size=4).map("".join)
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers())


def lists(right: st.SearchStrategy[t.Any]) -> st.SearchStrategy[t.Any]:
    return st.lists(st.one_of(right, right, right, VALUES), min_size=1, max_size=2)


ALLOWED = st.fixed_dictionaries({"from": lists(OTHERS), "tcp": lists(PORTS)})
REACHED = st.fixed_dictionaries({"to": lists(OTHERS), "udp": lists(PORTS)})
ZONES = st.fixed_dictionaries(
    {
        "name": st.one_of(st.just("app"), TEXTS),
        "members": lists(st.just("all")),
        "allow": st.lists(ALLOWED, max_size=1),
        "reach": st.lists(REACHED, max_size=1),
    }
)
# Each line of the table in full; a value can only be where a port, an address or a comment is.
HOST = r"[0-9a-f:.]+(?:/[0-9]{1,3})?"
ENDS = rf"\{{ {HOST}(?:, {HOST})* \}}|@zone_[a-z][a-z0-9_]*"
LINE = re.compile(
    rf"(?:ip6? [sd]addr (?:{ENDS}) )?(?:tcp|udp) dport \{{ [0-9-]+(?:, [0-9-]+)* \}} accept "
    r'comment "[A-Za-z0-9 ._:,/-]+"'
)


@given(st.lists(ZONES, max_size=2))
@example(allow(**{"from": [*(f"2001:db8:{n:x}::/48" for n in range(9)), "fe80::1%} accept"]}))
def test_whatever_is_written_into_zones_is_refused_or_becomes_lines_of_known_form(
    zones: list[t.Any],
) -> None:
    if zone_refusals(zones):
        return
    rules = rules_of(NODE, zones, "10.90.0.0/24")
    reach = reach_of(NODE, zones, "10.90.0.0/24", [])
    known = {found["name"]: ["10.90.0.1"] for found in zones}

    text = render(parse_policy(options(rules, reach, known)))

    ours = [line.strip() for line in text.splitlines() if re.search(r'"(?:app|one) ', line)]
    assert all(LINE.fullmatch(line) for line in ours), ours
    assert text.count("{") == text.count("}")


@given(st.lists(VALUES, max_size=3), st.one_of(st.just("fd00::/64"), TEXTS))
@example(["fe80::1%; } ; flush ruleset ;"], "fd00::/64")
def test_whoever_is_said_to_be_in_a_zone_is_an_address_or_refused(
    members: list[t.Any], prefix: str
) -> None:
    given_options = options([], [], {"app": members}, mesh_prefix=prefix)
    rule = {"comment": "app", "sources": ["@app"], "tcp": ["22"]}

    try:
        text = render(parse_policy({**given_options, "rules": [rule]}))
    except Refused:
        return

    elements = re.findall("elements = (.*)", text)
    assert all(re.fullmatch(rf"\{{ {HOST}(?:, {HOST})* \}}", found) for found in elements)


def options(rules: t.Any, reach: t.Any, zones: t.Any, **changes: t.Any) -> dict[str, t.Any]:
    return {
        "rules": [rule.as_option("sources") for rule in rules],
        "reach": [rule.as_option("destinations") for rule in reach],
        "zones": zones,
        "mesh_interface": "wg0",
        "mesh_prefix": "10.90.0.0/24",
        "mesh_port": 51820,
        "forward": "accept",
        "outbound": "drop",
        **changes,
    }
