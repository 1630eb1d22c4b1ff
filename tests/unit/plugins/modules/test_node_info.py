# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_info asks for what fits, and reads every page."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.modules import node_info

Run = t.Callable[..., dict[str, t.Any]]


def test_filters_are_asked_for_and_nodes_come_by_name(loopback: t.Any, run_module: Run) -> None:
    loopback.reply({"items": [{"node_id": "b"}], "next_cursor": "c"})
    loopback.reply({"items": [{"node_id": "a"}], "next_cursor": None})
    result = run_module(node_info, cluster=["main"], state=["active", "failed"])
    assert [node["node_id"] for node in result["nodes"]] == ["a", "b"]
    assert not result["changed"]
    query = "/api/v1/nodes?limit=1000&cluster=main&state=active&state=failed"
    assert [asked.path for asked in loopback.asked] == [query, f"{query}&cursor=c"]


@pytest.mark.parametrize(
    ("options", "is_listed"),
    [
        ({}, True),
        ({"cluster": ["main"]}, True),
        ({"cluster": ["other"]}, False),
        ({"state": ["active", "failed"]}, True),
        ({"state": ["retired"]}, False),
    ],
)
def test_one_node_must_fit_the_other_filters_as_well(
    loopback: t.Any, run_module: Run, options: dict[str, t.Any], *, is_listed: bool
) -> None:
    node = {"node_id": "a", "cluster_id": "main", "state": "active"}
    loopback.reply(node)
    assert run_module(node_info, node_id="a", **options)["nodes"] == [node] * is_listed


def test_a_node_that_nobody_knows_is_an_empty_list(loopback: t.Any, run_module: Run) -> None:
    loopback.reply({"title": "Not found"}, status=404)
    assert run_module(node_info, node_id="a")["nodes"] == []
