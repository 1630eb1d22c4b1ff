# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of a firewall's zones, previewed, changed, kept and refused."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.nftables import (
    read_zones,
    render,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall.policy import (
    parse_policy,
)
from ansible_collections.quartermaster.fleet.plugins.modules import firewall_members

Run = t.Callable[..., dict[str, t.Any]]
RULE = {"comment": "db from app", "sources": ["@app"], "tcp": ["5432"], "udp": []}
BEFORE, AFTER = ["10.8.0.2"], ["10.8.0.2", "10.8.0.3"]


@pytest.fixture
def run(run_host_module: t.Callable[..., t.Any], firewall_host: t.Any) -> Run:
    """Return the runner of the module on a host whose zone `app` has one member, with --diff."""
    policy = {
        "rules": [RULE],
        "zones": {"app": BEFORE},
        "reach": [],
        "mesh_prefix": "10.8.0.0/24",
        "mesh_interface": "wg0",
        "mesh_port": 51820,
        "outbound": "accept",
        "forward": "accept",
    }
    firewall_host.running = firewall_host.saved = render(parse_policy(policy))
    return lambda **options: run_host_module(firewall_members, _ansible_diff=True, **options)


def members(host: t.Any) -> tuple[list[str], list[str]]:
    """Return who is in the zone in the running table, and in the file."""
    return read_zones(host.running)["app"], read_zones(host.saved)["app"]


def test_check_mode_shows_the_members_and_changes_nothing(run: Run, firewall_host: t.Any) -> None:
    preview = run(zones={"app": AFTER}, _ansible_check_mode=True)

    assert (preview["changed"], preview["changes"]) == (True, ["app: 10.8.0.3 added"])
    assert preview["diff"]["before"] == "app: 10.8.0.2\n"
    assert preview["diff"]["after"] == "app: 10.8.0.2, 10.8.0.3\n"
    assert members(firewall_host) == (BEFORE, BEFORE)


def test_members_are_changed_once_in_the_table_and_in_the_file(
    run: Run, firewall_host: t.Any
) -> None:
    changed, again = run(zones={"app": AFTER}), run(zones={"app": AFTER})

    assert (changed["changed"], changed["zones"]) == (True, {"app": AFTER})
    assert members(firewall_host) == (AFTER, AFTER)
    assert (again["changed"], again["changes"]) == (False, [])
    assert "diff" not in again


def test_a_zone_loses_its_last_member(run: Run, firewall_host: t.Any) -> None:
    emptied = run(zones={"app": []})

    assert emptied["changes"] == ["app: 10.8.0.2 removed"]
    assert members(firewall_host) == ([], [])


def test_a_file_that_lags_behind_the_table_is_written(run: Run, firewall_host: t.Any) -> None:
    saved = firewall_host.saved
    run(zones={"app": AFTER})
    firewall_host.saved = saved

    repaired = run(zones={"app": AFTER})

    assert (repaired["changed"], repaired["changes"]) == (True, ["file: written"])
    assert members(firewall_host) == (AFTER, AFTER)


def test_zones_that_no_rule_names_are_passed_over(run: Run, firewall_host: t.Any) -> None:
    table = firewall_host.running

    result = run(zones={"db": ["10.8.0.9"]})

    assert (result["changed"], result["zones"]) == (False, {"app": BEFORE})
    assert firewall_host.running == table


@pytest.mark.parametrize(
    ("host", "zones", "code"),
    [
        ({"saved": None}, {"app": AFTER}, "not_set_up"),
        ({"running": ""}, {"app": AFTER}, "not_set_up"),
        ({"pending": {"change": "trial"}}, {"app": AFTER}, "pending"),
        ({"is_open_to_others": True}, {"app": AFTER}, "unsafe_file"),
        ({}, {"app": ["10.8.0.0/24"]}, "refused"),
    ],
)
def test_what_is_refused_has_a_code_and_changes_nothing(
    run: Run, firewall_host: t.Any, host: dict[str, t.Any], zones: t.Any, code: str
) -> None:
    for name, value in host.items():
        setattr(firewall_host, name, value)
    before = (firewall_host.running, firewall_host.saved)

    failed = run(zones=zones)

    assert (failed["failed"], failed["code"]) == (True, code)
    assert (firewall_host.running, firewall_host.saved) == before
