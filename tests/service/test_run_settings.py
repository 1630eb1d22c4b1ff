# SPDX-License-Identifier: Apache-2.0
"""The settings of runs start nothing by default, and name only folders that are there."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from inventory_service.settings import Settings

RUN_SETTINGS = [
    ("QM_PLAYBOOKS_DIR", "/nowhere"),
    ("QM_PLAYBOOKS_DIR", "/etc/passwd"),
    ("QM_RUN_INVENTORY_DIRS", "/nowhere"),
    ("QM_RUN_INVENTORY_DIRS", "/tmp:/nowhere"),
    ("QM_RUN_URL", "ftp://fleet"),
    ("QM_RUN_URL", "http://a b"),
    ("QM_RUN_ENVIRONMENT", "A=b"),
    ("QM_RUN_ENVIRONMENT", "A,,B"),
    ("QM_RUN_ENVIRONMENT", "A,"),
    ("QM_RUN_ENVIRONMENT", "1A"),
    ("QM_RUN_ENVIRONMENT", "*"),
    ("QM_RUN_LEASE_S", "2"),
    ("QM_WORKER_NAME", "x" * 256),
    ("QM_WORKER_SLOTS", "0"),
    ("QM_WORKER_SLOTS", "201"),
]


@pytest.mark.parametrize(("name", "value"), RUN_SETTINGS)
def test_what_runs_could_not_use_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.removeprefix("QM_").lower()):
        Settings()


def test_the_defaults_start_no_playbook_and_give_runs_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = Settings()
    assert settings.playbooks_dir is None
    assert settings.inventory_dirs == []
    assert settings.run_environment == ""
    assert settings.run_dir == Path("/home/somebody/.local/share/quartermaster/runs")
    assert settings.run_lease == timedelta(seconds=30)


def test_folders_with_variables_are_a_list(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    assert Settings(run_inventory_dirs=f"{first}::{second}:").inventory_dirs == [first, second]


def test_the_folder_of_the_runs_may_be_below_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert Settings.model_validate({"run_dir": "~/runs"}).run_dir == Path("/home/somebody/runs")


def test_a_machine_has_its_own_name_unless_one_is_set() -> None:
    assert Settings().machine == socket.gethostname()
    assert Settings(worker_name="worker-1").machine == "worker-1"
