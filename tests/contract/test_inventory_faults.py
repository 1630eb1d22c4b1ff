# SPDX-License-Identifier: Apache-2.0
"""Whatever the service answers, script and plugin never make an empty inventory of it."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import SCRIPT, Ansible, get_core
from tests.ports import find_free_port

V1 = {"headers": {"ETag": '"v1"'}}
PROBLEM = {"title": "x", "detail": "y"}
TOKEN = "qm_secret_token"
#: Answers that waiting may cure: the kept answer serves meanwhile.
OUTAGES = {
    "empty": {"document": b""},
    "null": {"document": b"null"},
    "cut short": {"document": b'{"version": 1, "rows": []}', "cut": 9},
    "half a document": {"document": b'{"version": 1, "columns": ["node_id"], "ro'},
    "html": {"document": b"<html>", "headers": {"Content-Type": "text/html"}},
    "another shape": {"document": {"nodes": []}},
    "no rows": {"document": {"version": 1, "columns": ["node_id"], "rows": None, "groups": {}}},
    "500": {"document": PROBLEM, "status": 500},
    "503": {"document": PROBLEM, "status": 503},
}
#: Answers that say that this account or address is wrong: the kept answer must not hide it.
REFUSALS = {
    "redirect": {"document": b"", "status": 302, "headers": {"Location": "http://192.0.2.1/"}},
    "401": {"document": PROBLEM, "status": 401},
    "403": {"document": PROBLEM, "status": 403},
    "404": {"document": PROBLEM, "status": 404},
}
Columns = Callable[..., dict[str, Any]]
Done = subprocess.CompletedProcess[str]


def by_script(ansible: Ansible, **more: str) -> Done:
    return ansible.script("--list", **more)


def by_plugin(ansible: Ansible, **more: str) -> Done:
    source = ansible.folder / "fleet.quartermaster.yml"
    return ansible.run("ansible-inventory", "-i", source, "--list", **more)


def by_script_in_ansible(ansible: Ansible, **more: str) -> Done:
    return ansible.run("ansible-inventory", "-i", SCRIPT, "--list", **more)


def hosts_of(done: Done) -> list[str]:
    return list(json.loads(done.stdout)["_meta"]["hostvars"])


@pytest.fixture
def troubled(ansible: Ansible, loopback: Any) -> Ansible:
    """Return an Ansible whose service answers as the test lines up."""
    ansible.settings = {"QM_URL": loopback.url, "QM_TOKEN": TOKEN}
    return ansible


@pytest.fixture
def with_script(tmp_path: Path, loopback: Any) -> Ansible:
    """Return a troubled Ansible for the script alone, to which all cores are the same."""
    return Ansible(get_core("newest"), tmp_path, {"QM_URL": loopback.url, "QM_TOKEN": TOKEN})


def kept(ansible: Ansible) -> list[bytes]:
    return [path.read_bytes() for path in Path(ansible.folder, "cache").rglob("*.json")]


@pytest.mark.parametrize("bad", [*OUTAGES.values(), *REFUSALS.values()], ids=[*OUTAGES, *REFUSALS])
def test_the_script_fails_with_a_reason_and_prints_nothing(
    with_script: Ansible, loopback: Any, bad: dict[str, Any]
) -> None:
    loopback.reply(**bad)
    done = by_script(with_script)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ERROR: GET http://127.0.0.1:")
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr
    assert not kept(with_script)


@pytest.mark.parametrize("bad", OUTAGES.values(), ids=OUTAGES)
def test_the_script_bridges_an_outage_with_a_warning_and_keeps_what_it_has(
    with_script: Ansible, loopback: Any, columns: Columns, bad: dict[str, Any]
) -> None:
    loopback.reply(columns("a", "b"), **V1)
    loopback.reply(**bad)
    good = by_script(with_script)
    before = kept(with_script)
    done = by_script(with_script)
    assert (done.returncode, done.stdout) == (0, good.stdout)
    assert "WARNING" in done.stderr
    assert "2 hosts" in done.stderr
    assert kept(with_script) == before


@pytest.mark.parametrize("bad", REFUSALS.values(), ids=REFUSALS)
def test_the_script_does_not_hide_a_refusal(
    with_script: Ansible, loopback: Any, columns: Columns, bad: dict[str, Any]
) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(**bad)
    by_script(with_script)
    done = by_script(with_script)
    assert (done.returncode, done.stdout) == (1, "")
    assert [asked.path for asked in loopback.asked] == ["/api/v1/inventory?format=columns"] * 2


@pytest.mark.parametrize("ask", [by_plugin, by_script_in_ansible])
@pytest.mark.parametrize("name", ["empty", "cut short", "html", "401"])
def test_ansible_fails_with_the_reason(
    troubled: Ansible, loopback: Any, name: str, ask: Callable[..., Done]
) -> None:
    loopback.reply(**{**OUTAGES, **REFUSALS}[name])
    done = ask(troubled)
    assert done.returncode != 0
    assert "hostvars" not in done.stdout
    assert "Traceback" not in done.stderr
    words = " ".join(done.stderr.split())
    assert {"empty": "it is empty", "cut short": "cut short"}.get(name, "GET http") in words


@pytest.mark.parametrize("name", ["empty", "cut short", "html"])
def test_the_plugin_bridges_an_outage_with_a_warning(
    troubled: Ansible, loopback: Any, columns: Columns, name: str
) -> None:
    loopback.reply(columns("a", "b"), **V1)
    loopback.reply(**OUTAGES[name])
    good = by_plugin(troubled)
    before = kept(troubled)
    done = by_plugin(troubled)
    assert (done.returncode, done.stdout) == (0, good.stdout)
    assert "last good answer" in " ".join(done.stderr.split())
    assert kept(troubled) == before


@pytest.mark.parametrize("ask", [by_script, by_plugin])
def test_a_service_that_is_gone_is_bridged_for_the_stated_time_only(
    troubled: Ansible, loopback: Any, columns: Columns, ask: Callable[..., Done]
) -> None:
    loopback.reply(columns("a"), **V1)
    assert hosts_of(ask(troubled)) == ["a"]
    (path,) = Path(troubled.folder, "cache").rglob("*.json")
    loopback.shutdown()
    loopback.server_close()
    assert hosts_of(ask(troubled)) == ["a"]
    now = time.time()
    os.utime(path, (now - 500, now - 500))
    assert ask(troubled, QM_CACHE_MAX_AGE="400").returncode != 0
    assert hosts_of(ask(troubled, QM_CACHE_MAX_AGE="600")) == ["a"]
    os.utime(path, (now - 4000, now - 4000))
    late = ask(troubled)
    assert late.returncode != 0
    assert "hostvars" not in late.stdout


@pytest.mark.parametrize("ask", [by_script, by_plugin])
def test_a_service_that_was_never_there_is_an_error(
    ansible: Ansible, ask: Callable[..., Done]
) -> None:
    done = ask(ansible, QM_URL=f"http://127.0.0.1:{find_free_port()}")
    assert done.returncode != 0
    assert "hostvars" not in done.stdout
    assert "Check that the service runs" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "settings",
    [
        {"QM_URL": "not an address"},
        {"QM_TOKEN": "two words"},
        {"QM_CONFIG": "/absent/config.ini", "QM_TOKEN": ""},
        {"QM_PROFILE": "absent", "QM_TOKEN": ""},
    ],
)
@pytest.mark.parametrize("ask", [by_script, by_plugin])
def test_a_wrong_setting_is_named(
    troubled: Ansible, ask: Callable[..., Done], settings: dict[str, str]
) -> None:
    done = ask(troubled, **settings)
    assert done.returncode != 0
    assert "hostvars" not in done.stdout
    assert "Traceback" not in done.stderr


def test_a_wrong_age_is_named_by_the_script(with_script: Ansible) -> None:
    done = by_script(with_script, QM_CACHE_MAX_AGE="soon")
    assert (done.returncode, done.stdout) == (1, "")
    assert "QM_CACHE_MAX_AGE" in done.stderr


def test_a_fleet_without_nodes_is_an_inventory_with_a_warning(
    with_script: Ansible, loopback: Any, columns: Columns
) -> None:
    """A new service has no nodes yet; that is an answer, and not a fault."""
    loopback.reply(columns(groups={}), **V1)
    done = by_script(with_script)
    assert json.loads(done.stdout) == {
        "_meta": {"hostvars": {}},
        "all": {"children": ["ungrouped"]},
    }
    assert "WARNING" in done.stderr


def test_scripts_at_once_all_print_the_same(
    with_script: Ansible, loopback: Any, columns: Columns
) -> None:
    loopback.reply(columns(*(f"n{number}" for number in range(500))), **V1)
    running = [
        subprocess.Popen(
            [SCRIPT, "--list"], env=with_script.environment(), stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    printed = [process.communicate(timeout=60)[0] for process in running]
    assert {process.returncode for process in running} == {0}
    assert len(set(printed)) == 1
    assert len(kept(with_script)) == 1


@pytest.mark.parametrize("playbook", ["site", "infrastructure", "verify", "rotate_wireguard"])
def test_a_run_without_an_inventory_fails_and_names_the_next_step(
    tmp_path: Path, loopback: Any, playbook: str
) -> None:
    """Ansible takes a source that cannot be read for a warning, and no hosts for success."""
    # The oldest core comes without the collections that the roles need.
    ansible = Ansible(get_core("newest"), tmp_path, {"QM_URL": loopback.url, "QM_TOKEN": "x"})
    loopback.reply(b"", status=503)
    done = ansible.run(
        "ansible-playbook",
        f"quartermaster.fleet.{playbook}",
        *("-i", ansible.source("fleet")),
        ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false",
    )
    assert done.returncode != 0
    words = " ".join((done.stdout + done.stderr).split())
    assert "No host of the inventory matches 'state_active'" in words
    assert "`qm node list`" in words
