# SPDX-License-Identifier: Apache-2.0
"""The folder of a run is for its owner only, and none of its secrets is on a command line."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inventory_service.runs.runner.folders import RunInput, mark_data, remove_folder, write_folder

SECRET = "correct-horse-battery"
OPTIONS: dict[str, Any] = {
    "tags": [],
    "skip_tags": [],
    "check": False,
    "diff": False,
    "forks": 20,
    "verbosity": 0,
    "idle_timeout_s": 900,
    "timeout_s": 7200,
    "limit_variable": None,
}
WANTED = RunInput(
    playbook="playbooks/site.yml",
    folder=Path("/srv/checkout"),
    inventory=b'{"_meta": {"hostvars": {"web-1": {"db_password": "correct-horse-battery"}}}}',
    inventory_folders=(),
    hosts=["web-1", "web-2"],
    options=OPTIONS,
    variables={"db_password": SECRET},
    environment={"QM_TOKEN": SECRET},
)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def change(**options: Any) -> RunInput:
    return replace(WANTED, options=OPTIONS | options)


def read_words(path: Path) -> list[str]:
    """Return the options as ansible-runner reads them."""
    return shlex.split((path / "env/cmdline").read_text("utf-8"))


@pytest.mark.usefixtures("_umask")
def test_nobody_else_can_read_anything_of_it(tmp_path: Path) -> None:
    path, folder = tmp_path / "1-1/private", tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    write_folder(path, replace(WANTED, inventory_folders=[folder]))
    entries = [path, *(entry for entry in path.rglob("*") if not entry.is_symlink())]
    modes = {entry.relative_to(path).as_posix(): entry.stat().st_mode & 0o777 for entry in entries}
    programs = {"fleet/fleet"}
    wrong = {
        name: oct(mode)
        for name, mode in modes.items()
        if mode != (0o700 if (path / name).is_dir() or name in programs else 0o600)
    }
    assert len(modes) > 8
    assert not wrong


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    path = tmp_path / "private"
    write_folder(path, WANTED)
    assert SECRET not in (path / "env/cmdline").read_text("utf-8")
    holders = {
        entry.relative_to(path).as_posix()
        for entry in path.rglob("*")
        if entry.is_file() and SECRET in entry.read_text("utf-8")
    }
    assert holders == {"fleet/fleet.json", "env/extravars", "env/envvars"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"tags": ["web", "db"]}, ["--tags=web,db"]),
        ({"skip_tags": ["slow"]}, ["--skip-tags=slow"]),
        ({"check": True, "diff": True}, ["--check", "--diff"]),
        ({"verbosity": 3}, ["-vvv"]),
        ({"tags": ["--become", "-x 'y"]}, ["--tags=--become,-x 'y"]),
    ],
)
def test_each_value_is_bound_to_its_option(
    tmp_path: Path, options: dict[str, Any], words: list[str]
) -> None:
    path = tmp_path / "a folder's name"
    write_folder(path, change(**options))
    first = [f"--inventory={path}/fleet/fleet", "--forks=20", f"--limit=@{path}/hosts"]
    assert read_words(path) == first + words


def test_the_hosts_are_a_file_so_that_their_number_has_no_bound(tmp_path: Path) -> None:
    names = [f"web-{number}" for number in range(20_000)]
    write_folder(tmp_path / "run", replace(WANTED, hosts=names))
    assert (tmp_path / "run/hosts").read_text("utf-8").split() == names


def test_the_hosts_are_a_variable_where_the_template_names_one(tmp_path: Path) -> None:
    write_folder(tmp_path / "run", change(limit_variable="quartermaster_hosts"))
    given = json.loads((tmp_path / "run/env/extravars").read_text("utf-8"))
    assert given["quartermaster_hosts"] == [
        {"__ansible_unsafe": "web-1"},
        {"__ansible_unsafe": "web-2"},
    ]
    assert not [word for word in read_words(tmp_path / "run") if word.startswith("--limit")]
    assert not (tmp_path / "run/hosts").exists()


def test_the_inventory_is_what_a_script_prints_from_any_folder(tmp_path: Path) -> None:
    path = tmp_path / "a folder's $name"
    write_folder(path, WANTED)
    for words in (["--list"], ["--host", "web-1"]):
        done = subprocess.run(
            [path / "fleet/fleet", *words], cwd="/", capture_output=True, check=True
        )
        assert done.stdout == WANTED.inventory


def test_variables_of_other_folders_are_linked_beside_an_inventory_without_hosts(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    (first / "group_vars").mkdir(parents=True)
    (first / "host_vars").mkdir()
    (second / "group_vars").mkdir(parents=True)
    (second / "hosts.yml").write_text("all: {hosts: {stranger: {}}}", "utf-8")
    write_folder(tmp_path / "run", replace(WANTED, inventory_folders=[first, second]))
    sources = [word for word in read_words(tmp_path / "run") if word.startswith("--inventory=")]
    assert [Path(word).parent.name for word in sources] == ["fleet", "inventory-00", "inventory-01"]
    links = {
        entry.relative_to(tmp_path / "run").as_posix(): entry.resolve()
        for entry in (tmp_path / "run").rglob("*")
        if entry.is_symlink()
    }
    assert links == {
        "inventory-00/group_vars": first / "group_vars",
        "inventory-00/host_vars": first / "host_vars",
        "inventory-01/group_vars": second / "group_vars",
    }
    assert "stranger" not in (tmp_path / "run/inventory-01/hosts.yml").read_text("utf-8")


def test_ansible_runner_gets_its_limits_from_its_file(tmp_path: Path) -> None:
    write_folder(tmp_path / "run", change(idle_timeout_s=7, timeout_s=70))
    settings = json.loads((tmp_path / "run/env/settings").read_text("utf-8"))
    assert (settings["idle_timeout"], settings["job_timeout"]) == (7, 70)
    assert settings["pexpect_timeout"] < 1
    assert settings["suppress_output_file"] is True


@pytest.mark.parametrize(
    "value",
    ["{{ x }}", ["{{ x }}"], {"a": "{{ x }}"}, {"a": [{"b": [["{{ x }}"]]}]}, ("{{ x }}",)],
)
def test_texts_are_marked_as_data_at_every_depth(value: Any) -> None:
    marked = json.dumps(mark_data({"name": value}))
    assert marked.count('{"__ansible_unsafe": "{{ x }}"}') == marked.count("{{ x }}") == 1


def test_what_is_no_text_stays_as_it_is() -> None:
    values: dict[str, Any] = {
        "flag": True,
        "nothing": None,
        "number": 1.5,
        "list": [1, [False]],
        "dict": {},
    }
    assert mark_data(values) == values


def test_what_an_interrupted_attempt_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "private"
    write_folder(path, replace(WANTED, variables={"old_secret": "old"}))
    (path / "artifacts/run").mkdir(parents=True)
    (path / "artifacts/run/command").write_text("old", "utf-8")
    write_folder(path, WANTED)
    assert not (path / "artifacts").exists()
    assert "old" not in (path / "env/extravars").read_text("utf-8")


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").write_text("kept", "utf-8")
    path = tmp_path / "private"
    path.symlink_to(victim)
    write_folder(path, WANTED)
    assert not path.is_symlink()
    assert [entry.name for entry in victim.iterdir()] == ["kept"]


def test_a_folder_is_removed_and_what_it_links_to_stays(tmp_path: Path) -> None:
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "group_vars/all.yml").write_text("{}", "utf-8")
    write_folder(tmp_path / "run", replace(WANTED, inventory_folders=[folder]))
    remove_folder(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert (folder / "group_vars/all.yml").exists()
    remove_folder(tmp_path / "run")


def test_a_link_is_removed_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    for target in (tmp_path / "victim", tmp_path / "absent"):
        (tmp_path / "run").symlink_to(target)
        remove_folder(tmp_path / "run")
        assert not (tmp_path / "run").is_symlink()
    assert (tmp_path / "victim").is_dir()
