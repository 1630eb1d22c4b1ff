# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that speaks to the service ends alike within Ansible's process and in one of its own."""

from __future__ import annotations

import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.quartermaster.fleet.plugins.action import (
    fleet_known_hosts,
    node_info,
    run,
)
from ansible_collections.quartermaster.fleet.plugins.modules import node_info as module
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._controller import in_process

KEY = "web-1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM+YDGwZ7LLK3IcRJOFAKVLOMNQ5IzL78yshDRiyaeTe\n"
TOKEN = "qmt_this_is_a_secret"
Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the runner of an action; what it would run as a module is in `module_name`."""
    monkeypatch.setattr(in_process.ActionBase, "run", lambda *_args: {})

    def run(
        action_file: t.Any,
        arguments: dict[str, t.Any],
        *,
        transport: str = "local",
        become: t.Any = None,
        **keywords: t.Any,
    ) -> dict[str, t.Any]:
        settings = {"environment": [], "async_val": 0, "check_mode": False, "diff": False}
        action = action_file.ActionModule.__new__(action_file.ActionModule)
        action._connection = SimpleNamespace(transport=transport, become=become)
        action._task = SimpleNamespace(args=arguments, **{**settings, **keywords})
        monkeypatch.setattr(action, "_execute_module", lambda **asked: asked)
        return t.cast("dict[str, t.Any]", action.run(task_vars={}))

    return run


@pytest.mark.parametrize(
    ("status", "options"),
    [(200, {"state": ["active"]}), (401, {}), (200, {"state": ["lost"]}), (200, {"colour": "red"})],
    ids=["answered", "refused", "not a choice", "not an option"],
)
def test_it_ends_as_a_module_does(
    loopback: t.Any, run_module: Run, act: Run, status: int, options: dict[str, t.Any]
) -> None:
    loopback.reply({"title": "none", "items": [{"node_id": "a"}], "next_cursor": None}, status)
    usual = run_module(module, **options)

    here = act(node_info, {"url": loopback.url, **options})

    assert here.get("failed", False) == usual["failed"]
    assert here.get("nodes") == usual.get("nodes")
    # Ansible's own words for a wrong option begin with the module's name.
    assert str(here.get("code")) == str(usual.get("code"))
    assert bool(here.get("msg")) == bool(usual.get("msg"))


@pytest.mark.parametrize(
    "keywords",
    [
        {"transport": "ssh"},
        {"become": object()},
        {"environment": [{"QM_URL": "http://192.0.2.1"}]},
        {"async_val": 60},
    ],
    ids=["another host", "another account", "another environment", "in the background"],
)
def test_elsewhere_the_module_runs_as_usual(act: Run, keywords: dict[str, t.Any]) -> None:
    assert act(node_info, {}, **keywords)["module_name"] == "quartermaster.fleet.node_info"


def test_a_preview_writes_nothing_and_shows_the_difference(
    loopback: t.Any, act: Run, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    arguments = {"url": loopback.url, "path": str(file)}
    loopback.reply(KEY.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})

    preview = act(fleet_known_hosts, arguments, check_mode=True, diff=True)
    assert (preview["changed"], preview["diff"]["after"], file.exists()) == (True, KEY, False)

    assert act(fleet_known_hosts, arguments)["changed"]
    assert file.read_text("utf-8") == KEY


def test_a_token_is_in_no_result(loopback: t.Any, act: Run) -> None:
    loopback.reply({"title": f"no account has {TOKEN}"}, status=401)

    result = act(node_info, {"url": loopback.url, "token": TOKEN})

    assert result["failed"]
    assert TOKEN not in str(result)


def test_who_waits_for_a_run_sees_what_it_does(
    loopback: t.Any, act: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"id": 12, "template": "site", "state": "queued", "state_reason": None}
    loopback.reply(record)
    loopback.reply(record)
    ended = {**record, "state": "lost", "state_reason": "its machine is gone"}
    loopback.reply({"events": [], "next_after": 0, "run": ended, "is_complete": True})

    result = act(run, {"url": loopback.url, "template": "site"})

    assert (result["failed"], result["code"]) == (True, "lost")
    assert capsys.readouterr().out.splitlines() == [
        "run 12 (site) is queued",
        "run 12 (site) is lost: its machine is gone",
    ]


def test_the_first_one_of_a_playbook_loads_all_filters() -> None:
    """Else each process of a task would import them anew."""
    folder = Path(fleet_known_hosts.__file__).parents[1] / "filter"
    assert set(fleet_known_hosts.FILTERS) == {path.stem for path in folder.glob("*.py")}
