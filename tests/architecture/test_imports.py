# SPDX-License-Identifier: Apache-2.0
"""Each import contract of pyproject.toml is kept, and bites when somebody breaks it."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: `cli/commands` has a file for each noun, and one each for what is long, like templates as files.
MOST_FILES = 32
# contract, file that sins, the sin
SINS = [
    ("order", "inventory_service/fleet/usecases/nodes.py", "import inventory_service.imports"),
    ("order", "inventory_service/http/auth.py", "import inventory_service.identity.usecases"),
    ("order", "inventory_service/core/clock.py", "import inventory_service.http.responses"),
    ("order", "inventory_service/audit/usecases.py", "import inventory_service.identity.domain"),
    ("order", "inventory_service/server/__init__.py", "import inventory_service.cli.client"),
    ("order", "inventory_service/unplaced.py", "import os"),
    (
        "rooms",
        "inventory_service/fleet/domain/nodes.py",
        "import inventory_service.fleet.models.nodes",
    ),
    ("rooms", "inventory_service/identity/models.py", "import inventory_service.identity.usecases"),
    (
        "rooms",
        "inventory_service/imports/usecases/nodes.py",
        "import inventory_service.imports.routes",
    ),
    ("domain", "inventory_service/fleet/domain/nodes.py", "import sqlalchemy"),
    ("domain", "inventory_service/identity/domain.py", "import inventory_service.settings"),
    (
        "domain",
        "inventory_service/imports/domain/projects_csv.py",
        "import inventory_service.core.audit_log",
    ),
    ("web-free", "inventory_service/core/clock.py", "import flask"),
    ("web-free", "inventory_service/fleet/usecases/nodes.py", "def late():\n    import werkzeug"),
    (
        "web-free",
        "inventory_service/fleet/models/nodes.py",
        "import inventory_service.http.responses",
    ),
    (
        "client",
        "inventory_service/cli/commands/nodes.py",
        "import inventory_service.fleet.models.nodes",
    ),
    ("client", "inventory_service/cli/formats/csv_nodes.py", "import sqlalchemy"),
    ("client", "inventory_service/cli/client/http.py", "import inventory_service.app"),
    ("client-alone", "inventory_service/client/transport.py", "import requests"),
    (
        "client-alone",
        "inventory_service/client/nodes.py",
        "import inventory_service.fleet.domain.nodes",
    ),
    ("order", "inventory_service/client/client.py", "import inventory_service.cli.client"),
    ("settings", "inventory_service/settings.py", "import inventory_service.fleet.domain.nodes"),
    ("client-settings", "inventory_service/client_settings.py", "import pydantic"),
    ("logs", "inventory_service/logs.py", "import inventory_service.settings"),
    ("app", "inventory_service/http/__init__.py", "import inventory_service.app"),
    (
        "ansible-free",
        "inventory_service/fleet/usecases/nodes.py",
        "import ansible.module_utils.basic",
    ),
    ("ansible-free", "inventory_service/runs/runner/folders.py", "import ansible"),
    ("runner", "inventory_service/cli/commands/nodes.py", "import ansible_runner"),
    ("runner", "inventory_service/worker/supervisor.py", "import ansible_runner"),
    ("runner-alone", "inventory_service/runs/runner/folders.py", "import sqlalchemy"),
    (
        "runner-alone",
        "inventory_service/runs/runner/execution.py",
        "import inventory_service.runs.models.runs",
    ),
    ("run-settings", "inventory_service/run_settings.py", "import inventory_service.settings"),
    (
        "notification-settings",
        "inventory_service/notification_settings.py",
        "import inventory_service.settings",
    ),
    (
        "senders-alone",
        "inventory_service/notifications/senders/posts.py",
        "import inventory_service.notifications.models.deliveries",
    ),
    (
        "order",
        "inventory_service/runs/usecases/orders.py",
        "import inventory_service.notifications.queries",
    ),
    ("order", "inventory_service/runs/usecases/orders.py", "import inventory_service.inventory"),
    ("order", "inventory_service/runs/usecases/orders.py", "import inventory_service.schedules"),
    (
        "rooms",
        "inventory_service/schedules/queries.py",
        "import inventory_service.schedules.usecases.firings",
    ),
    ("domain", "inventory_service/schedules/domain/cron.py", "import croniter"),
    ("plugins", "plugins/modules/sinner.py", "import inventory_service.fleet.domain.nodes"),
    ("plugins", "plugins/module_utils/_service/client.py", "import httpx"),
]


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", *options],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of all that import-linter looks at."""
    for name in ("inventory_service", "plugins", "tests/architecture"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_imports_keep_all_contracts(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(("contract", "file", "sin"), SINS)
def test_a_contract_bites(copy: Path, contract: str, file: str, sin: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as sinner:
        sinner.write(f"\n{sin}\n")
    result = lint(copy, "--contract", contract)
    assert result.returncode == 1, result.stdout
    assert "0 kept, 1 broken" in result.stdout
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    named = module.rpartition(".")[2] if module.endswith(".unplaced") else module
    assert named in result.stdout.replace("\n", "")


def test_each_contract_is_proved_to_bite() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == {contract for contract, _, _ in SINS}
    assert not [contract["id"] for contract in contracts if "ignore_imports" in contract]


def test_each_capability_is_a_container_of_the_rooms() -> None:
    """A capability is a package with a layer of its own."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["id"]: one for one in config["tool"]["importlinter"]["contracts"]}
    package = ROOT / "inventory_service"
    layers = {layer.strip("()") for layer in contracts["rooms"]["layers"]}
    capabilities = {
        f"inventory_service.{path.parent.name}"
        for layer in layers
        for path in (*package.glob(f"*/{layer}.py"), *package.glob(f"*/{layer}"))
    }
    assert set(contracts["rooms"]["containers"]) == capabilities


def test_no_room_holds_more_files_than_one_sees_at_once() -> None:
    rooms: dict[Path, int] = {}
    for top in ("inventory_service", "plugins/module_utils", "plugins/plugin_utils"):
        for path in (ROOT / top).rglob("*.py"):
            rooms[path.parent] = rooms.get(path.parent, 0) + 1
    crowded = {room.relative_to(ROOT).as_posix(): n for room, n in rooms.items() if n > MOST_FILES}
    assert not crowded


def test_what_is_no_package_does_not_import_the_service_either(tracked: list[Path]) -> None:
    """The inventory script, roles and collection tests are out of import-linter's sight."""
    folders = {"inventory", "roles", "playbooks", "extensions"}
    files = [path for path in tracked if path.suffix == ".py"]
    files = [
        path for path in files if path.parts[0] in folders or path.parts[:2] == ("tests", "unit")
    ]
    found = {(path.as_posix(), name) for path in files for name in _imported(ROOT / path)}
    assert not {(path, name) for path, name in found if name.startswith("inventory_service")}


def test_plugins_import_no_other_collection(tracked: list[Path]) -> None:
    own = "ansible_collections.quartermaster.fleet."
    files = [path for path in tracked if path.parts[0] == "plugins" and path.suffix == ".py"]
    found = {(path.as_posix(), name) for path in files for name in _imported(ROOT / path)}
    collections = {(path, name) for path, name in found if name.startswith("ansible_collections")}
    assert not {(path, name) for path, name in collections if not name.startswith(own)}


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
