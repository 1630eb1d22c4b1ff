# SPDX-License-Identifier: Apache-2.0
"""What installs the service agrees with itself: the lock files, the units and the page."""

import re
import resource
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from inventory_service.server import descriptors
from inventory_service.server.process import DRAIN_TIMEOUT_S
from inventory_service.settings import Settings
from tests.e2e.operating.page import read_commands

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
OPERATING = ROOT / "tests" / "e2e" / "operating"
LIMITS = ("LimitNOFILE", "MemoryMax", "TasksMax")
NUMBERS = ("LimitNOFILE", "TasksMax")
UNITS = sorted((PACKAGING / "systemd").glob("*.service"))


def read_pins(path: Path) -> set[str]:
    """Return the packages of a lock file, each with its hashes.

    The marker is left out: what tools of ours need everywhere, the service may need somewhere only.
    """
    text = re.sub(r" ;.*(?= \\$)", "", path.read_text("utf-8").strip(), flags=re.MULTILINE)
    return set(re.split(r"\n(?=\S)", text))


def read_sandbox(unit: Path) -> list[str]:
    """Return the lines of a unit from the mark of the sandbox to the end of its part."""
    return unit.read_text("utf-8").split("# The sandbox")[1].split("\n\n")[0].splitlines()


def test_the_service_is_installed_with_the_packages_that_it_is_tested_with() -> None:
    service = read_pins(PACKAGING / "requirements.lock")
    assert service <= read_pins(ROOT / "requirements.lock"), "run `make lock`"
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {pin.split("==")[0] for pin in service}
    assert {re.split(r"[\[>]", one)[0] for one in wanted} <= names, "run `make lock`"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_units_share_one_sandbox(unit: Path) -> None:
    sandbox = read_sandbox(unit)
    assert len(sandbox) > 20
    assert sandbox == read_sandbox(PACKAGING / "systemd" / "quartermaster.service")


def test_a_stop_waits_longer_than_requests_may_take() -> None:
    text = (PACKAGING / "systemd" / "quartermaster.service").read_text("utf-8")
    (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert int(stop_s) > DRAIN_TIMEOUT_S


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_limits_of_a_unit_are_those_of_the_page(unit: Path) -> None:
    found = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE))
    cells = [unit.name, *(found.get(limit, "") for limit in LIMITS)]
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "operating.md").read_text("utf-8").splitlines()
        if line.startswith(f"| `{unit.name}` |")
    ]
    assert rows == [cells]


def test_the_service_may_open_and_start_what_its_largest_settings_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (PACKAGING / "systemd" / "quartermaster.service").read_text("utf-8")
    files, tasks = (
        int(re.findall(rf"^{limit}=(\d+)$", text, re.MULTILINE)[0]) for limit in NUMBERS
    )
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    ((connections, threads),) = re.findall(
        r"`QM_MAX_CONNECTIONS=(\d+)`, and \d+ tasks for `QM_THREADS=(\d+)`", page
    )
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    settings = Settings(max_connections=int(connections), threads=int(threads))
    assert descriptors.reserve(settings) == settings.max_connections
    # Beside these, the process has a few of its own.
    assert settings.threads + 32 < tasks
    with pytest.raises(ValidationError):
        Settings(threads=settings.threads + 1)


def test_the_socket_is_the_address_of_the_settings() -> None:
    socket = (PACKAGING / "systemd" / "quartermaster.socket").read_text("utf-8")
    (address,) = re.findall(r"^ListenStream=(\S+)$", socket, re.MULTILINE)
    assert f"QM_BIND={address}\n" in (PACKAGING / "quartermaster.env").read_text("utf-8")
    assert Settings.model_fields["bind"].default == address


def test_each_command_of_the_page_is_tried() -> None:
    tests = "".join(path.read_text("utf-8") for path in OPERATING.glob("test_*.py"))
    tests += (OPERATING / "conftest.py").read_text("utf-8")
    assert set(re.findall(r'commands\("([^"]+)"\)', tests)) == set(read_commands())
