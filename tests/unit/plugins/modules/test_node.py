# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node asks for what it needs, and sends only what differs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.modules import node

KNOWN = {
    "node_id": "a",
    "node_type": "web",
    "cluster_id": "main",
    "external_ip": "192.0.2.1",
    "labels": {"rack": "a1"},
    "state": "active",
}
PROBLEM = {"title": "Not found", "detail": "no node 'a'"}
Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    """Return the runner of the module for the node a."""
    return lambda **options: run_module(node, node_id="a", **options)


def sent(loopback: t.Any) -> list[tuple[str, str, t.Any]]:
    return [(asked.method, asked.path, asked.body) for asked in loopback.asked]


FIND = ("GET", "/api/v1/nodes/a", None)


def test_only_what_differs_is_sent(loopback: t.Any, run: Run) -> None:
    loopback.reply(KNOWN)
    loopback.reply({**KNOWN, "region": "fsn1"})
    result = run(node_type="web", region="fsn1", labels={"rack": "a1"}, reason="moved")
    change = {"region": "fsn1", "reason": "moved"}
    assert sent(loopback) == [FIND, ("PATCH", "/api/v1/nodes/a", change)]
    assert result["changed"]
    assert result["node"]["region"] == "fsn1"


def test_nothing_is_sent_where_nothing_differs(loopback: t.Any, run: Run) -> None:
    loopback.reply(KNOWN)
    result = run(node_type="web", node_state="active", region="", provider=None)
    assert sent(loopback) == [FIND]
    assert not result["changed"]


def test_an_empty_text_takes_a_value_away(loopback: t.Any, run: Run) -> None:
    loopback.reply(KNOWN)
    loopback.reply({**KNOWN, "external_ip": None})
    run(external_ip="")
    assert sent(loopback)[1] == ("PATCH", "/api/v1/nodes/a", {"external_ip": None})


def test_check_mode_only_reads_and_foretells(loopback: t.Any, run: Run) -> None:
    loopback.reply(KNOWN)
    result = run(region="fsn1", node_state="maintenance", _ansible_check_mode=True)
    assert sent(loopback) == [FIND]
    assert result["changed"]
    assert result["node"] == {**KNOWN, "region": "fsn1", "state": "maintenance"}


@pytest.mark.parametrize("known", [None, {**KNOWN, "state": "retired"}])
def test_a_new_node_is_registered(loopback: t.Any, run: Run, known: t.Any) -> None:
    loopback.reply(known or PROBLEM, status=200 if known else 404)
    loopback.reply({**KNOWN, "state": "planned"})
    run(node_type="web", cluster_id="main", region="")
    body = {"node_id": "a", "node_type": "web", "cluster_id": "main"}
    assert sent(loopback) == [FIND, ("POST", "/api/v1/nodes", body)]


def test_a_404_of_somebody_else_is_no_missing_node(loopback: t.Any, run: Run) -> None:
    loopback.reply(b"<html>", status=404, headers={"Content-Type": "text/html"})
    result = run(node_type="web", cluster_id="main")
    assert result["failed"]
    assert result["code"] == "404"
    assert sent(loopback) == [FIND]


def test_the_diff_shows_the_fields_that_differ(loopback: t.Any, run: Run) -> None:
    loopback.reply(KNOWN)
    result = run(external_ip="192.0.2.2", _ansible_check_mode=True, _ansible_diff=True)
    assert result["diff"]["before"] == {"external_ip": "192.0.2.1"}
    assert result["diff"]["after"] == {"external_ip": "192.0.2.2"}


def test_a_move_is_asked_for_with_its_reason(loopback: t.Any, run: Run) -> None:
    loopback.reply(KNOWN)
    loopback.reply({"id": 1}, status=201)
    loopback.reply({**KNOWN, "state": "retired"})
    result = run(state="absent", reason="two are enough")
    move = {"state": "retired", "reason": "two are enough"}
    assert sent(loopback)[1] == ("POST", "/api/v1/nodes/a/transitions", move)
    assert result["node"]["state"] == "retired"


def test_a_refusal_becomes_a_failure_with_its_problem(loopback: t.Any, run: Run) -> None:
    errors = [{"field": "internal_ip", "reason": "is taken"}]
    loopback.reply(KNOWN)
    loopback.reply({"title": "Conflict", "errors": errors}, status=409)
    result = run(internal_ip="10.0.0.1")
    assert result["failed"]
    assert result["code"] == "409"
    assert result["problem"]["errors"] == errors
    assert "internal_ip: is taken" in result["msg"]
