# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module run_info asks for what fits, and includes what is asked for."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.modules import run_info

RUN = {"id": 12, "template": "site", "state": "failed"}
Run = t.Callable[..., dict[str, t.Any]]


def test_filters_are_asked_for(loopback: t.Any, run_module: Run) -> None:
    loopback.reply({"items": [RUN], "next_cursor": "more"})
    result = run_module(run_info, template=["site"], state=["failed", "lost"], max_runs=1)
    assert (result["runs"], result["changed"]) == ([RUN], False)
    query = "/api/v1/runs?limit=1&template=site&state=failed&state=lost"
    assert [asked.path for asked in loopback.asked] == [query]


@pytest.mark.parametrize(
    ("options", "is_listed"),
    [({}, True), ({"state": ["failed"]}, True), ({"template": ["ping"]}, False)],
)
def test_one_run_must_fit_the_other_filters_as_well(
    loopback: t.Any, run_module: Run, options: dict[str, t.Any], *, is_listed: bool
) -> None:
    loopback.reply(RUN)
    assert run_module(run_info, run_id=12, **options)["runs"] == [RUN] * is_listed


def test_a_run_that_nobody_knows_is_an_empty_list(loopback: t.Any, run_module: Run) -> None:
    loopback.reply({"title": "Not found"}, status=404)
    assert run_module(run_info, run_id=12)["runs"] == []


@pytest.mark.parametrize(("log_lines", "lines"), [(2, ["b", "c"]), (0, ["a", "b", "c"])])
def test_reports_are_included_as_lists(
    loopback: t.Any, run_module: Run, log_lines: int, lines: list[str]
) -> None:
    loopback.reply(RUN)
    loopback.reply({"items": [{"host": "web-1"}]})
    loopback.reply({"items": [{"number": 1}]})
    loopback.reply(b"a\nb\nc\n", headers={"Content-Type": "text/plain; charset=utf-8"})
    include = ["hosts", "tasks", "log"]
    (run,) = run_module(run_info, run_id=12, include=include, log_lines=log_lines)["runs"]
    assert run["host_results"] == [{"host": "web-1"}]
    assert run["tasks"] == [{"number": 1}]
    assert run["log"] == lines
    paths = [asked.path.removeprefix("/api/v1/runs/12") for asked in loopback.asked]
    assert paths == ["", "/hosts", "/tasks", "/log"]
